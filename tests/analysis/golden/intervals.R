# Golden case `intervals`: Korn-Graubard, logit and t intervals at two levels on the data and index of the case `clustered`.
# R 4.2.2, survey 4.1-1. Makes intervals.expected.csv: run `Rscript intervals.R` in this folder after clustered.R. Conventions: common.R and README.md.

source("common.R")

tree <- index_in("clustered.R", "^positive <-")
data <- read_data("clustered.csv", c("weight", "N_psu"))
with <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
one <- svydesign(id = ~psu, weights = ~weight, data = data)                       # 9 PSUs: df is at most 8
by <- c("unit", "sex")
expected <- rbind(judge("kg", with, tree, by, "kg"), judge("kg90", with, tree, by, "kg", 0.90), judge("kg_unstratified", one, tree, by, "kg"),
                  judge("logit90", with, tree, by, "logit", 0.90), judge("t", with, tree, by, "t"))
write_expected(expected, "intervals.expected.csv", c("estimate", "se", "deff", "deff_replace"))
