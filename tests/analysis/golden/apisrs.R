# Golden case `apisrs`: a simple random sample of schools.
# R 4.2.2, survey 4.1-1. Makes apisrs.csv, apisrs.toml and apisrs.expected.csv: run `Rscript apisrs.R` in this folder.
# The data are the public sample `apisrs` of R's survey package (data(api): Academic Performance Index of California schools, 2000)
# and the design is the one of its help page, ?api; `replace` is the same drawn with replacement. Conventions and their sources: common.R and README.md.

source("common.R")
data(api)

items <- c("sch.wide", "comp.imp", "awards")
sample <- apisrs[, c("stype", "pw", "fpc", items)]
for (item in items) sample[[item]] <- ifelse(is.na(sample[[item]]), "", as.character(sample[[item]]))
design_numbers <- c("pw", "fpc")
for (column in design_numbers) sample[[column]] <- sprintf("%.17g", as.numeric(sample[[column]]))
write_data(sample, "apisrs.csv")

tree <- index("golden-apisrs", "Bộ kiểm thử: apisrs", "Golden case: apisrs", favourable = "Yes", scale = c("Yes", "No"), entries = list(
  node("TOTAL", "mean", items), leaf("sch.wide", "sch.wide"), leaf("comp.imp", "comp.imp"), leaf("awards", "awards")))
write_index(tree, "apisrs.toml")

data <- read_data("apisrs.csv", design_numbers)
stopifnot(identical(data$pw, as.numeric(apisrs$pw)))                                         # what is written is what R holds
expected <- rbind(judge("default", svydesign(id = ~1, weights = ~pw, fpc = ~fpc, data = data), tree, "stype"),
                  judge("replace", svydesign(id = ~1, weights = ~pw, data = data), tree, "stype"),
                  judge("unweighted", svydesign(id = ~1, weights = ~one, data = transform(data, one = 1)), tree, "stype"))
expected$deff[is.infinite(expected$deff)] <- NA                                              # weights of 1: R takes the sample for the population
write_expected(expected, "apisrs.expected.csv", "deff_replace")
