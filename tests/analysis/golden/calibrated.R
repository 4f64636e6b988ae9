# Golden case `calibrated`: weights calibrated to population totals, and what that does to every standard error.
# R 4.2.2, survey 4.1-1. Makes calibrated.csv, calibrated_margins.csv, calibrated.toml and calibrated.expected.csv: run `Rscript calibrated.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20225)

strata <- data.frame(stratum = paste0("K", 1:6), n_psu = c(7, 5, 6, 4, 5, 3), N_psu = c(40, 16, 55, 9, 30, 3), base = c(60, 18, 95, 7, 33, 4))
psu <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h)
  data.frame(strata[h, c("stratum", "N_psu", "base")], psu = seq_len(strata$n_psu[h]), row.names = NULL)))
psu$level <- rnorm(nrow(psu), 0, 0.45)
psu$area <- sample(c("rural", "urban"), nrow(psu), replace = TRUE)
people <- psu[rep(seq_len(nrow(psu)), sample(9:19, nrow(psu), replace = TRUE)), ]
n <- nrow(people)
weight <- sprintf("%.4f", people$base * exp(rnorm(n, 0, 0.45)))
sex <- sample(c("female", "male"), n, replace = TRUE, prob = c(0.58, 0.42))
age <- sample(c("18-34", "35-54", "55+"), n, replace = TRUE, prob = c(0.22, 0.45, 0.33))
schooling <- ifelse(runif(n) < ifelse(people$area == "urban", 0.5, 0.25), "upper", "lower")
unit <- sample(c("north", "south", "east", ""), n, replace = TRUE, prob = c(0.45, 0.3, 0.2, 0.05))
unit[c(which(people$stratum == "K2" & people$psu == 1)[1:2], which(people$stratum == "K2" & people$psu == 3)[1], which(people$stratum == "K5" & people$psu == 2)[1])] <- "isle"
opinion <- people$level + 0.35 * (age == "55+") - 0.4 * (schooling == "upper") + 0.25 * (sex == "female") + rnorm(n, 0, 0.7)
answers <- function(ease, gone) {
  item <- as.character(findInterval(opinion + rnorm(n, ease, 0.8), c(-1.6, -0.9, -0.2, 0.9)) + 1)
  item[runif(n) < gone] <- sample(c("", "99"), 1)
  item
}
order <- sample(n)
data <- data.frame(stratum = people$stratum, psu = people$psu, weight = weight, N_psu = people$N_psu, sex = sex, area = people$area, age = age, schooling = schooling,
                   unit = unit, q1 = answers(0.4, 0.04), q2 = answers(0.1, 0.1), q3 = answers(-0.1, 0.3), q4 = answers(0.5, 0.06))
write_data(data[order, ], "calibrated.csv")

tree <- index("golden-calibrated", "Bộ kiểm thử: quyền số hiệu chỉnh", "Golden case: calibrated weights",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "weighted_mean", c("A", "B", "C"), weights = c(0.5, 0.3, 0.2)),
  node("A", "mean", c("A.q1", "A.q2")), leaf("A.q1", "q1"), leaf("A.q2", "q2"),
  node("B", "pooled_items", c("B.q3", "B.q4")), leaf("B.q3", "q3"), leaf("B.q4", "q4", "mean_score"),
  node("C", "pooled_respondents", c("C.q1", "C.q3")), leaf("C.q1", "q1"), leaf("C.q3", "q3")))
write_index(tree, "calibrated.toml")

# The invented population: other shares than the sample's, and no multiple of the sum of the weights.
population <- expand.grid(sex = c("female", "male"), area = c("rural", "urban"), age = c("18-34", "35-54", "55+"), schooling = c("lower", "upper"))
share <- c(0.5, 0.5)[as.integer(population$sex)] * c(0.55, 0.45)[as.integer(population$area)] * c(0.34, 0.4, 0.26)[as.integer(population$age)] *
         c(0.62, 0.38)[as.integer(population$schooling)]
population$total <- round(21500 * share * exp(rnorm(nrow(population), 0, 0.15)))
margin <- function(name) {
  columns <- strsplit(name, ":")[[1]]
  found <- aggregate(population["total"], population[columns], sum)
  data.frame(margin = name, category = do.call(paste, c(lapply(found[columns], as.character), sep = ":")), total = found$total)
}
write_data(rbind(margin("sex:area"), margin("sex"), margin("age"), margin("schooling")), "calibrated_margins.csv")

data <- read_data("calibrated.csv", c("weight", "N_psu"))
without <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data)
with <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
calibrated <- function(design, formula, ...) {
  names <- colnames(model.matrix(formula, data))
  known <- colSums(model.matrix(formula, population) * population$total)[names]
  calibrate(design, formula, known, epsilon = 1e-13, maxit = 500, ...)
}
two <- ~ sex + age
three <- ~ sex * area + age + schooling
cell <- aggregate(list(Freq = population$total), population[c("sex", "area")], sum)
post <- function(design) {
  one <- postStratify(design, ~ sex + area, cell)
  other <- calibrated(design, ~ sex * area, calfun = "linear")            # the same by another road
  must_agree("post-stratified weights", weights(other), weights(one))
  must_agree("post-stratified SE", judge("", other, tree, c("unit", "sex"))$se, judge("", one, tree, c("unit", "sex"))$se, 1e-11)
  one
}
raked <- function(design) calibrated(design, three, calfun = "raking")
bounded <- function(design) calibrated(design, three, calfun = "logit", bounds = c(0.3, 3))
designs <- list(post = post(without), post_fpc = post(with), rake2 = calibrated(without, two, calfun = "raking"), rake3 = raked(without), rake3_fpc = raked(with),
                linear = calibrated(without, three, calfun = "linear"), logit = bounded(without), logit_fpc = bounded(with),
                truncated = calibrated(without, three, calfun = "linear", bounds = c(0.6, 2)))
expected <- do.call(rbind, lapply(names(designs), function(case) {
  g <- weights(designs[[case]]) / data$weight
  message(case, ": g from ", format(min(g)), " to ", format(max(g)))
  judge(case, designs[[case]], tree, c("unit", "sex"))
}))
write_expected(expected, "calibrated.expected.csv", "deff_replace")
