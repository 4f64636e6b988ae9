# Golden case `apiclus2`: a two-stage sample: up to five schools in each of 40 districts.
# R 4.2.2, survey 4.1-1. Makes apiclus2.csv, apiclus2.toml and apiclus2.expected.csv: run `Rscript apiclus2.R` in this folder.
# The data are the public sample `apiclus2` of R's survey package (data(api): Academic Performance Index of California schools, 2000)
# and the design is the one of its help page, ?api. Conventions and their sources: common.R and README.md.

source("common.R")
data(api)

items <- c("sch.wide", "comp.imp", "awards")
sample <- apiclus2[, c("stype", "dnum", "snum", "pw", "fpc1", "fpc2", items)]
for (item in items) sample[[item]] <- ifelse(is.na(sample[[item]]), "", as.character(sample[[item]]))
design_numbers <- c("pw", "fpc1", "fpc2")
for (column in design_numbers) sample[[column]] <- sprintf("%.17g", as.numeric(sample[[column]]))
write_data(sample, "apiclus2.csv")

tree <- index("golden-apiclus2", "Bộ kiểm thử: apiclus2", "Golden case: apiclus2", favourable = "Yes", scale = c("Yes", "No"), entries = list(
  node("TOTAL", "mean", items), leaf("sch.wide", "sch.wide"), leaf("comp.imp", "comp.imp"), leaf("awards", "awards")))
write_index(tree, "apiclus2.toml")

data <- read_data("apiclus2.csv", design_numbers)
stopifnot(identical(data$pw, as.numeric(apiclus2$pw)))                                       # what is written is what R holds
design <- svydesign(id = ~dnum + snum, weights = ~pw, fpc = ~fpc1 + fpc2, data = data)
write_expected(judge("default", design, tree, "stype"), "apiclus2.expected.csv")
