# Golden case `apiclus1`: a one-stage cluster sample: all schools of 15 districts.
# R 4.2.2, survey 4.1-1. Makes apiclus1.csv, apiclus1.toml and apiclus1.expected.csv: run `Rscript apiclus1.R` in this folder.
# The data are the public sample `apiclus1` of R's survey package (data(api): Academic Performance Index of California schools, 2000)
# and the design is the one of its help page, ?api. Conventions and their sources: common.R and README.md.

source("common.R")
data(api)

items <- c("sch.wide", "comp.imp", "awards")
sample <- apiclus1[, c("stype", "dnum", "snum", "pw", "fpc", items)]
for (item in items) sample[[item]] <- ifelse(is.na(sample[[item]]), "", as.character(sample[[item]]))
design_numbers <- c("pw", "fpc")
for (column in design_numbers) sample[[column]] <- sprintf("%.17g", as.numeric(sample[[column]]))
write_data(sample, "apiclus1.csv")

tree <- index("golden-apiclus1", "Bộ kiểm thử: apiclus1", "Golden case: apiclus1", favourable = "Yes", scale = c("Yes", "No"), entries = list(
  node("TOTAL", "mean", items), leaf("sch.wide", "sch.wide"), leaf("comp.imp", "comp.imp"), leaf("awards", "awards")))
write_index(tree, "apiclus1.toml")

data <- read_data("apiclus1.csv", design_numbers)
stopifnot(identical(data$pw, as.numeric(apiclus1$pw)))                                       # what is written is what R holds
design <- svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = data)
write_expected(judge("default", design, tree, "stype"), "apiclus1.expected.csv")
