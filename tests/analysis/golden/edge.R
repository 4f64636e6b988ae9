# Golden case `edge`: identical answers, domains of one person and of none, weights of zero, of 3e15, of 0.0001 and of many decimals.
# R 4.2.2, survey 4.1-1. Makes edge.csv, edge.toml and edge.expected.csv: run `Rscript edge.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20227)

strata <- data.frame(stratum = paste0("E", 1:4), n_psu = c(4, 3, 5, 4), N_psu = c(11, 3, 20, 9))     # E2 is taken whole
psu <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h)
  data.frame(strata[h, c("stratum", "N_psu")], psu = seq_len(strata$n_psu[h]), row.names = NULL)))
psu$level <- rnorm(nrow(psu), 0, 0.5)
people <- psu[rep(seq_len(nrow(psu)), sample(11:16, nrow(psu), replace = TRUE)), ]
n <- nrow(people)
unit <- sample(c("huge", "tiny", "fine", "same", "zeros", "split"), n, replace = TRUE, prob = c(3, 3, 3, 2, 3, 2))
unit[which(people$stratum == "E1" & people$psu == 2)[1]] <- "one"                     # a domain of one person
unit[which(people$stratum == "E3" & people$psu %in% 1:2)[c(1, 9)]] <- "none"          # a domain in which nobody weighs anything
empty <- people$stratum == "E4" & people$psu == 4                                     # a PSU in which nobody weighs anything
unit[empty] <- "zeros"
answers <- function(ease, gone) {
  item <- as.character(findInterval(people$level + rnorm(n, ease, 0.9), c(-1.6, -0.9, -0.2, 0.9)) + 1)
  item[runif(n) < gone] <- ""
  item
}
q1 <- answers(0.4, 0.05); q2 <- answers(0.2, 0.1); q3 <- answers(0, 0.2); q4 <- answers(0.3, 0.1)
q1[unit == "same"] <- "4"; q2[unit == "same"] <- "2"; q3[unit == "same"] <- "5"; q4[unit == "same"] <- "4"
half <- which(unit == "split")                                                        # nobody answers both q1 and q2
q1[half[c(TRUE, FALSE)]] <- ""; q2[half[c(FALSE, TRUE)]] <- ""
first <- which(unit == "one"); q1[first] <- "5"; q2[first] <- "1"; q3[first] <- "4"; q4[first] <- "3"

zero <- empty | unit == "none" | (unit == "zeros" & runif(n) < 0.3)
mixed <- ifelse(unit == "huge", sprintf("%.0f", 3e15 * runif(n, 0.3, 1)), ifelse(unit == "tiny", sprintf("%.4f", 1e-4 * sample(1:30, n, replace = TRUE)),
         ifelse(unit == "fine", sprintf("%.17g", runif(n, 1, 90)), sprintf("%.2f", runif(n, 5, 60)))))
huge <- sprintf("%.0f", sample(c(3e15, 3e15 - 1, 2e15 + 1, 1e15), n, replace = TRUE))
tiny <- sprintf("%.4f", 1e-4 * sample(1:9, n, replace = TRUE))
mixed[zero] <- "0"; huge[zero] <- "0"; tiny[zero] <- "0.0000"
data <- data.frame(stratum = people$stratum, psu = people$psu, N_psu = people$N_psu, mixed = mixed, huge = huge, tiny = tiny, unit = unit, q1 = q1, q2 = q2, q3 = q3, q4 = q4)
write_data(data[sample(n), ], "edge.csv")

tree <- index("golden-edge", "Bộ kiểm thử: trường hợp biên", "Golden case: edges", favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "B", "C", "D")),
  node("A", "mean", c("A.q1", "A.q2")), leaf("A.q1", "q1"), leaf("A.q2", "q2"),
  node("B", "pooled_items", c("B.q1", "B.q3")), leaf("B.q1", "q1"), leaf("B.q3", "q3"),
  node("C", "pooled_respondents", c("C.q2", "C.q3")), leaf("C.q2", "q2"), leaf("C.q3", "q3"),
  node("D", "mean", c("D.q1", "D.q4")), leaf("D.q1", "q1", "mean_score"), leaf("D.q4", "q4", "mean_score")))
write_index(tree, "edge.toml")

weighing <- c("mixed", "huge", "tiny")
data <- read_data("edge.csv", c("N_psu", weighing))
design <- function(weight) svydesign(id = ~psu, strata = ~stratum, weights = data[[weight]], fpc = ~N_psu, nest = TRUE, data = data)
judged <- function(...) suppressWarnings(judge(...))                                  # "Sample size greater than population size"
expected <- rbind(judged("mixed", design("mixed"), tree, "unit"), judged("huge", design("huge"), tree, "unit"),
                  judged("tiny", design("tiny"), tree, "unit"), judged("mixed_kg", design("mixed"), tree, "unit", "kg", 0.95))
write_expected(expected, "edge.expected.csv", "deff_replace")
