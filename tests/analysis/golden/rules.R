# Golden case `rules`: strata of one PSU under the options "average" and "remove" of survey, and joined to their neighbours by hand.
# R 4.2.2, survey 4.1-1. Makes rules.csv, rules.toml and rules.expected.csv: run `Rscript rules.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20226)

# Labels whose natural order (2 before 10, numbers before texts) is not that of texts. One PSU: 1, 3, 9 (side by side), 20, B (the last), and
# 11, which is whole when N is known; 10 and 21 are taken whole.
strata <- data.frame(stratum = c("1", "2", "3", "9", "10", "11", "20", "21", "100", "B"), n_psu = c(1, 4, 1, 1, 3, 1, 1, 2, 5, 1),
                     N_psu = c(12, 18, 7, 5, 3, 1, 6, 2, 31, 4), base = c(30, 12, 25, 9, 4, 6, 21, 3, 17, 8))
psu <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h)
  data.frame(strata[h, c("stratum", "N_psu", "base")], psu = seq_len(strata$n_psu[h]), row.names = NULL)))
psu$level <- rnorm(nrow(psu), 0, 0.5)
people <- psu[rep(seq_len(nrow(psu)), sample(9:15, nrow(psu), replace = TRUE)), ]
n <- nrow(people)
weight <- sprintf("%.3f", people$base * runif(n, 0.6, 1.7))
# "south" lies in strata of several PSUs only and in one PSU of 100; "west" in 1 and 2; "isle" in the one PSU of 20, so df is 0 and R has no average.
unit <- sample(c("north", "east"), n, replace = TRUE)
unit[people$stratum %in% c("2", "10", "21") & runif(n) < 0.5] <- "south"
unit[people$stratum == "100" & people$psu == 3] <- "south"
unit[people$stratum %in% c("1", "2") & runif(n) < 0.3] <- "west"
unit[which(people$stratum == "20")[1:5]] <- "isle"
answers <- function(ease, gone) {
  item <- as.character(findInterval(people$level + rnorm(n, ease, 0.9), c(-1.6, -0.9, -0.2, 0.9)) + 1)
  item[runif(n) < gone] <- ""
  item
}
data <- data.frame(stratum = people$stratum, psu = people$psu, weight = weight, N_psu = people$N_psu, unit = unit,
                   q1 = answers(0.4, 0.03), q2 = answers(0.2, 0.1), q3 = answers(0, 0.2), q4 = answers(0.6, 0.05))
write_data(data[sample(n), ], "rules.csv")

tree <- index("golden-rules", "Bộ kiểm thử: cách xử lý tầng một địa bàn", "Golden case: rules for strata with one PSU",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "B")),
  node("A", "mean", c("A.q1", "A.q2")), leaf("A.q1", "q1"), leaf("A.q2", "q2"),
  node("B", "pooled_items", c("B.q3", "B.q4")), leaf("B.q3", "q3"), leaf("B.q4", "q4")))
write_index(tree, "rules.toml")

data <- read_data("rules.csv", c("weight", "N_psu"))
without <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data)
with <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
expected <- NULL
for (rule in c("average", "remove")) {
  options(survey.lonely.psu = rule)
  expected <- rbind(expected, judge(rule, without, tree, "unit"), judge(paste0(rule, "_fpc"), with, tree, "unit"))
}

# Each stratum of one PSU with the next in the list, the last with the one before; what is taken whole is passed over. Written out by hand.
options(survey.lonely.psu = "fail")
data$place <- paste(data$stratum, data$psu)
joined <- function(groups, N = NULL) {
  data$joined <- data$stratum
  for (members in groups) data$joined[data$stratum %in% members] <- members[1]
  if (is.null(N)) return(svydesign(id = ~place, strata = ~joined, weights = ~weight, data = data))
  data$N_joined <- data$N_psu
  for (members in groups) data$N_joined[data$stratum %in% members] <- sum(strata$N_psu[strata$stratum %in% members])
  svydesign(id = ~place, strata = ~joined, weights = ~weight, fpc = ~N_joined, data = data)
}
expected <- rbind(expected,
  judge("collapse", joined(list(c("1", "2"), c("3", "9"), c("11", "20"), c("100", "B"))), tree, "unit"),
  judge("collapse_fpc", joined(list(c("1", "2"), c("3", "9"), c("20", "100", "B")), "N_psu"), tree, "unit"))
write_expected(expected, "rules.expected.csv", "deff_replace")
