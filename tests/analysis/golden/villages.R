# Golden case `villages`: communes that gave one village of several, so the second stage has units on their own.
# R 4.2.2, survey 4.1-1. Makes villages.csv, villages.toml and villages.expected.csv: run `Rscript villages.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20228)

# V1 and V2 are usual strata, V3 gave one commune of 5; one village each in commune 2 of V1 (of 6), 1 and 3 of V2 (of 4 and of 1).
strata <- data.frame(stratum = c("V1", "V2", "V3"), n1 = c(4, 3, 1), N1 = c(7, 4, 5))
commune <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h) data.frame(strata[h, ], commune = seq_len(strata$n1[h]), row.names = NULL)))
commune$n2 <- c(3, 1, 2, 4, 1, 3, 1, 3)
commune$N2 <- c(5, 6, 9, 4, 4, 8, 1, 7)
commune$level <- rnorm(nrow(commune), 0, 0.4)
village <- commune[rep(seq_len(nrow(commune)), commune$n2), ]
village$village <- sequence(commune$n2)
village$level <- village$level + rnorm(nrow(village), 0, 0.5)
people <- village[rep(seq_len(nrow(village)), sample(5:10, nrow(village), replace = TRUE)), ]
n <- nrow(people)
weight <- sprintf("%.2f", people$N1 / people$n1 * people$N2 / people$n2 * runif(n, 0.8, 1.6))
sex <- sample(c("female", "male"), n, replace = TRUE)
answers <- function(ease, gone) {
  item <- as.character(findInterval(people$level + rnorm(n, ease, 0.9), c(-1.6, -0.9, -0.2, 0.9)) + 1)
  item[runif(n) < gone] <- ""
  item
}
write_data(data.frame(stratum = people$stratum, commune = people$commune, village = people$village, weight = weight, N1 = people$N1, N2 = people$N2, sex = sex,
                      q1 = answers(0.5, 0.03), q2 = answers(0.2, 0.1), q3 = answers(0, 0.2)), "villages.csv")

tree <- index("golden-villages", "Bộ kiểm thử: xã chỉ chọn một thôn", "Golden case: communes with one village",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "q1")), node("A", "pooled_items", c("q2", "q3")), leaf("q2", "q2"), leaf("q3", "q3"), leaf("q1", "q1")))
write_index(tree, "villages.toml")

data <- read_data("villages.csv", c("weight", "N1", "N2"))
design <- function(data) svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + N2, nest = TRUE, data = data)
expected <- NULL
for (rule in c("certainty", "adjust", "remove")) {                                # R has no "average" where a commune has one village
  options(survey.lonely.psu = rule)
  expected <- rbind(expected, judge(rule, design(data), tree, "sex"))
}
write_expected(expected, "villages.expected.csv", "deff_replace")
