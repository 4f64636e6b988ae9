# Golden case `calibrated_lonely`: calibrated weights where strata or communes gave one unit, and in two stages.
# R 4.2.2, survey 4.1-1. Makes calibrated_lonely_margins.csv and calibrated_lonely.expected.csv: run `Rscript calibrated_lonely.R` in this folder
# after rules.R, twostage.R and villages.R. The totals are invented. Conventions and their sources: common.R and README.md.

source("common.R")

margins <- rbind(
  data.frame(data = "villages", margin = "sex", category = c("female", "male"), total = c(260, 340)),
  data.frame(data = "villages", margin = "stratum", category = c("V1", "V2", "V3"), total = c(280, 140, 180)),
  data.frame(data = "twostage", margin = "stratum", category = paste0("R", 1:4), total = c(210, 170, 420, 130)),
  data.frame(data = "rules", margin = "unit", category = c("east", "isle", "north", "south", "west"), total = c(1100, 90, 950, 520, 210)))
write_data(margins, "calibrated_lonely_margins.csv")
known <- function(data, formula) {
  own <- margins[margins$data == data, ]
  total <- setNames(own$total, paste0(own$margin, own$category))
  first <- own$margin == own$margin[1]
  c("(Intercept)" = sum(own$total[first]), total)[colnames(model.matrix(formula, get(data)))]
}
calibrated <- function(design, data, formula) calibrate(design, formula, known(data, formula), calfun = "raking", epsilon = 1e-13, maxit = 500)

villages <- read_data("villages.csv", c("weight", "N1", "N2"))
two <- svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + N2, nest = TRUE, data = villages)
expected <- NULL
for (rule in c("certainty", "adjust")) {
  options(survey.lonely.psu = rule)
  expected <- rbind(expected, judge(paste0("villages_", rule), calibrated(two, "villages", ~ sex + stratum), index_in("villages.R"), "sex"))
}
options(survey.lonely.psu = "fail")
twostage <- read_data("twostage.csv", c("weight", "N1", "N2"))
both <- svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + N2, nest = TRUE, data = twostage)
expected <- rbind(expected, judge("twostage", calibrated(both, "twostage", ~stratum), index_in("twostage.R"), "sex"))

rules <- read_data("rules.csv", c("weight", "N_psu"))
without <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = rules)
with <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = rules)
for (rule in c("average", "adjust")) {
  options(survey.lonely.psu = rule)
  expected <- rbind(expected, judge(paste0("rules_", rule), calibrated(without, "rules", ~unit), index_in("rules.R"), "unit"),
                    judge(paste0("rules_", rule, "_fpc"), calibrated(with, "rules", ~unit), index_in("rules.R"), "unit"))
}
write_expected(expected, "calibrated_lonely.expected.csv", "deff_replace")
