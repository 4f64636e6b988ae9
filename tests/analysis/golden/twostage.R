# Golden case `twostage`: communes within strata, villages within communes, population counts at both stages.
# R 4.2.2, survey 4.1-1. Makes twostage.csv, twostage.toml and twostage.expected.csv: run `Rscript twostage.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20222)

# Most communes of a stratum are taken, so that the second stage matters; in R4 all of them, so that only the second stage is left.
strata <- data.frame(stratum = paste0("R", 1:4), n1 = c(4, 3, 5, 4), N1 = c(6, 5, 16, 4))
commune <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h) data.frame(strata[h, ], commune = seq_len(strata$n1[h]), row.names = NULL)))
commune$n2 <- sample(2:4, nrow(commune), replace = TRUE)
commune$N2 <- commune$n2 + sample(1:6, nrow(commune), replace = TRUE)
commune[commune$stratum == "R1" & commune$commune == 2, c("n2", "N2")] <- c(1, 1)      # a commune of one village
commune[commune$stratum == "R3" & commune$commune == 4, c("n2", "N2")] <- c(3, 3)      # a commune with every village taken
commune$level <- rnorm(nrow(commune), 0, 0.4)
village <- commune[rep(seq_len(nrow(commune)), commune$n2), ]
village$village <- sequence(commune$n2)                                              # village labels start again in every commune
village$level <- village$level + rnorm(nrow(village), 0, 0.5)
people <- village[rep(seq_len(nrow(village)), sample(3:9, nrow(village), replace = TRUE)), ]
n <- nrow(people)
weight <- sprintf("%.4f", people$N1 / people$n1 * people$N2 / people$n2 * runif(n, 0.8, 1.6))
sex <- sample(c("female", "male", ""), n, replace = TRUE, prob = c(0.5, 0.44, 0.06))
answers <- function(ease, gone) {
  item <- as.character(findInterval(people$level + rnorm(n, ease, 0.9), c(-1.6, -0.9, -0.2, 0.9)) + 1)
  item[runif(n) < gone] <- ""
  item
}
write_data(data.frame(stratum = people$stratum, commune = people$commune, village = people$village, weight = weight, N1 = people$N1, N2 = people$N2, sex = sex,
                      q1 = answers(0.5, 0.03), q2 = answers(0.2, 0.1), q3 = answers(0, 0.25), q4 = answers(0.7, 0.05)), "twostage.csv")

tree <- index("golden-twostage", "Bộ kiểm thử: mẫu hai giai đoạn", "Golden case: two-stage sample",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "B")),
  node("A", "mean", c("A.q1", "A.q2")), leaf("A.q1", "q1"), leaf("A.q2", "q2"),
  node("B", "pooled_items", c("B.q3", "B.q4")), leaf("B.q3", "q3"), leaf("B.q4", "q4")))
write_index(tree, "twostage.toml")

data <- read_data("twostage.csv", c("weight", "N1", "N2"))
both <- svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + N2, nest = TRUE, data = data)
first <- svydesign(id = ~commune, strata = ~stratum, weights = ~weight, fpc = ~N1, nest = TRUE, data = data)
# R wants a count for every stage it is told of. "Only N1" is therefore told without villages, which is the same as
# villages counted as complete (population count = sampled count); both are computed and must agree.
place <- paste(data$stratum, data$commune)
data$complete <- tapply(data$village, place, function(v) length(unique(v)))[place]
complete <- svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + complete, nest = TRUE, data = data)
first_fpc <- judge("first_fpc", first, tree, "sex")
must_agree("SE with complete villages", first_fpc$se, judge("first_fpc", complete, tree, "sex")$se)
write_expected(rbind(judge("both_fpc", both, tree, "sex"), first_fpc), "twostage.expected.csv")
