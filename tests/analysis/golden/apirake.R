# Golden case `apirake`: the cluster sample of the case `apiclus1` calibrated to known numbers of schools, as in ?postStratify and ?rake of survey.
# R 4.2.2, survey 4.1-1. Makes apirake_margins.csv and apirake.expected.csv: run `Rscript apirake.R` in this folder after apiclus1.R.
# The population counts are those of `apipop` (data(api)). Conventions and their sources: common.R and README.md.

source("common.R")
data(api)

items <- c("sch.wide", "comp.imp", "awards")
tree <- index_in("apiclus1.R")
data <- read_data("apiclus1.csv", c("pw", "fpc"))
stypes <- table(apipop$stype); wide <- table(apipop$sch.wide)
margins <- data.frame(margin = rep(c("stype", "sch.wide"), c(3, 2)), category = c(names(stypes), names(wide)), total = c(stypes, wide))
write_data(margins, "apirake_margins.csv")

design <- svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = data)
data$sch.wide <- factor(data$sch.wide)
known <- function(formula) {
  full <- transform(apipop, sch.wide = as.character(sch.wide), stype = as.character(stype))
  colSums(model.matrix(formula, full))
}
linear <- calibrate(design, ~stype, known(~stype), epsilon = 1e-13)
post <- postStratify(design, ~stype, data.frame(stype = names(stypes), Freq = as.vector(stypes)))
must_agree("post-stratified weights", weights(linear), weights(post))
both <- ~ stype + sch.wide
raking <- calibrate(design, both, known(both), calfun = "raking", epsilon = 1e-13, maxit = 500)
write_expected(rbind(judge("post", post, tree, "stype"), judge("rake", raking, tree, "stype")), "apirake.expected.csv", "deff_replace")
