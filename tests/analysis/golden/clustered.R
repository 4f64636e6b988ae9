# Golden case `clustered`: a stratified one-stage cluster sample with unequal weights, item non-response and every roll-up.
# R 4.2.2, survey 4.1-1. Makes clustered.csv, clustered.toml and clustered.expected.csv: run `Rscript clustered.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20221)

# Sample: 6 strata; PSU labels start again at 1 in every stratum; every PSU of stratum S6 is taken (N_psu = n).
strata <- data.frame(stratum = paste0("S", 1:6), n_psu = c(9, 7, 8, 6, 5, 4), N_psu = c(60, 21, 35, 12, 48, 4), base = c(95, 22, 40, 9, 120, 4))
psu <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h)
  data.frame(strata[h, c("stratum", "N_psu", "base")], psu = seq_len(strata$n_psu[h]), row.names = NULL)))
psu$size <- sample(9:27, nrow(psu), replace = TRUE)
psu$level <- rnorm(nrow(psu), 0, 0.45)
people <- psu[rep(seq_len(nrow(psu)), psu$size), ]
n <- nrow(people)

decimals <- sample(c(0, 1, 2, 4), n, replace = TRUE, prob = c(1, 1, 3, 5))
weight <- pmin(250, pmax(3, people$base * exp(rnorm(n, 0, 0.35))))
weight <- ifelse(decimals == 0, sprintf("%.0f", weight), ifelse(decimals == 1, sprintf("%.1f", weight),
          ifelse(decimals == 2, sprintf("%.2f", weight), sprintf("%.4f", weight))))

sex <- sample(c("female", "male"), n, replace = TRUE, prob = c(0.56, 0.44))
unit <- sample(c("north", "south", "east", "west", ""), n, replace = TRUE, prob = c(0.38, 0.27, 0.2, 0.1, 0.05))
# The fifth unit: three people in three PSUs of two strata.
isle <- c(which(people$stratum == "S2" & people$psu == 2)[3], which(people$stratum == "S2" & people$psu == 5)[1],
          which(people$stratum == "S4" & people$psu == 3)[4])
unit[isle] <- "isle"

# Answers: one latent opinion per person, correlated within the PSU.
opinion <- people$level + rnorm(n, 0, 0.7) + c(north = 0.1, south = -0.25, east = 0.3, west = 0, isle = 0)[match(unit, c("north", "south", "east", "west", "isle"))]
opinion[is.na(opinion)] <- 0
answers <- function(ease) as.character(findInterval(opinion + rnorm(n, ease, 0.8), c(-1.6, -0.9, -0.2, 0.9)) + 1)
a1 <- answers(0.55); a2 <- answers(0.3); a3 <- answers(0.05); a4 <- answers(0.7)
b1 <- answers(-0.1); b2 <- answers(0.2); b3 <- answers(-0.4)
a2[unit == "west"] <- sample(c("4", "5"), sum(unit == "west"), replace = TRUE)     # everyone favourable: estimate 1
missing <- function(item, rate) { gone <- runif(n) < rate; item[gone] <- sample(c("", "98", "99"), sum(gone), replace = TRUE, prob = c(2, 1, 1)); item }
a1 <- missing(a1, 0.03); a2 <- missing(a2, 0.06); a3 <- missing(a3, 0.1); a4 <- missing(a4, 0.04)
b1 <- missing(b1, 0.12); b2 <- missing(b2, 0.08); b3 <- missing(b3, 0.7)
a1[isle] <- c("4", "2", "5"); a2[isle] <- c("3", "5", "4"); a3[isle] <- c("2", "98", "1"); a4[isle] <- c("5", "4", "4")
b1[isle] <- c("4", "1", "2"); b2[isle] <- c("", "3", "5"); b3[isle] <- c("99", "", "98")    # b3: no valid answer in this unit

order <- sample(n)                                                                 # rows in no order
write_data(data.frame(id = seq_len(n), stratum = people$stratum[order], psu = people$psu[order], weight = weight[order], N_psu = people$N_psu[order],
                      unit = unit[order], sex = sex[order], a1 = a1[order], a2 = a2[order], a3 = a3[order], a4 = a4[order],
                      b1 = b1[order], b2 = b2[order], b3 = b3[order]), "clustered.csv")

positive <- c("1" = 0, "2" = 0.25, "3" = 0.5, "4" = 0.75, "5" = 1)
negative <- c("1" = 1, "2" = 0.75, "3" = 0.5, "4" = 0.25, "5" = 0)
tree <- index("golden-clustered", "Bộ kiểm thử: mẫu chùm phân tầng", "Golden case: stratified cluster sample",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "B", "C", "D", "E", "F")),
  node("A", "mean", c("A.a1", "A.a2", "A.a3", "A.a4")),
  leaf("A.a1", "a1"), leaf("A.a2", "a2"), leaf("A.a3", "a3"), leaf("A.a4", "a4"),
  node("B", "weighted_mean", c("B.b1", "B.b2", "B.b3"), weights = c(0.5, 0.3, 0.2)),
  leaf("B.b1", "b1"), leaf("B.b2", "b2"), leaf("B.b3", "b3"),
  node("C", "pooled_items", c("C.a1", "C.a2", "C.b3")),
  leaf("C.a1", "a1"), leaf("C.a2", "a2"), leaf("C.b3", "b3"),
  node("D", "pooled_respondents", c("D.a3", "D.b1", "D.b3")),
  leaf("D.a3", "a3"), leaf("D.b1", "b1"), leaf("D.b3", "b3"),
  node("E", "mean", c("E.a1", "E.b2")),
  leaf("E.a1", "a1", "mean_score"), leaf("E.b2", "b2", "mean_score"),
  node("F", "sum", c("F.a4", "F.b1")),
  leaf("F.a4", "a4", "option_points", points = positive, max_points = 1.5),
  leaf("F.b1", "b1", "option_points", points = negative, max_points = 2.5)))
write_index(tree, "clustered.toml")

data <- read_data("clustered.csv", c("weight", "N_psu"))
by <- c("unit", "sex")
default <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
expected <- rbind(
  judge("default", default, tree, by),
  judge("no_fpc", svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data), tree, by),
  judge("weights_only", svydesign(id = ~1, weights = ~weight, data = data), tree, by),
  judge("unstratified", svydesign(id = ~psu, weights = ~weight, data = data), tree, by),   # labels meet across strata: 9 PSUs
  judge("t90", default, tree, by, ci = "t", confidence = 0.90))
write_expected(expected, "clustered.expected.csv")
