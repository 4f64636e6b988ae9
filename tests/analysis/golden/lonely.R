# Golden case `lonely`: strata that hold a single PSU, under R's options survey.lonely.psu = "certainty" and "adjust".
# R 4.2.2, survey 4.1-1. Makes lonely.csv, lonely.toml and lonely.expected.csv: run `Rscript lonely.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20223)

# L1 has one PSU of 12, L2 its only PSU (1 of 1). Of the two PSUs of M3, unit "east" touches one: M3 is not lonely.
strata <- data.frame(stratum = c("L1", "L2", "M1", "M2", "M3"), n_psu = c(1, 1, 4, 5, 2), N_psu = c(12, 1, 18, 9, 10), base = c(30, 4, 15, 6.5, 22))
psu <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h)
  data.frame(strata[h, c("stratum", "N_psu", "base")], psu = seq_len(strata$n_psu[h]), row.names = NULL)))
psu$level <- rnorm(nrow(psu), 0, 0.5)
people <- psu[rep(seq_len(nrow(psu)), sample(12:20, nrow(psu), replace = TRUE)), ]
n <- nrow(people)
weight <- sprintf("%.4f", people$base * runif(n, 0.6, 1.7))
unit <- sample(c("north", "south", "east"), n, replace = TRUE)
unit[unit == "east" & people$stratum == "M3" & people$psu == 2] <- "south"
unit[which(people$stratum == "L1")[1:5]] <- "isle"                                    # a unit inside one PSU: df = 0
answers <- function(ease, gone) {
  item <- as.character(findInterval(people$level + rnorm(n, ease, 0.9), c(-1.6, -0.9, -0.2, 0.9)) + 1)
  item[runif(n) < gone] <- ""
  item
}
write_data(data.frame(stratum = people$stratum, psu = people$psu, weight = weight, N_psu = people$N_psu, unit = unit,
                      q1 = answers(0.4, 0.03), q2 = answers(0.2, 0.1), q3 = answers(0, 0.25), q4 = answers(0.6, 0.05)), "lonely.csv")

tree <- index("golden-lonely", "Bộ kiểm thử: tầng chỉ có một địa bàn", "Golden case: strata with one PSU",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "B")),
  node("A", "mean", c("A.q1", "A.q2")), leaf("A.q1", "q1"), leaf("A.q2", "q2"),
  node("B", "pooled_items", c("B.q3", "B.q4")), leaf("B.q3", "q3"), leaf("B.q4", "q4")))
write_index(tree, "lonely.toml")

data <- read_data("lonely.csv", c("weight", "N_psu"))
without <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data)
with <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
expected <- NULL
for (rule in c("certainty", "adjust")) {
  options(survey.lonely.psu = rule)
  expected <- rbind(expected, judge(rule, without, tree, "unit"), judge(paste0(rule, "_fpc"), with, tree, "unit"))
}
write_expected(expected, "lonely.expected.csv")
