# Golden case `pairs`: differences of all pairs of units and their ranks, where units share raters, PSUs or strata.
# R 4.2.2, survey 4.1-1. Makes league.csv, league.toml, pairs.expected.csv and pairs_ranks.expected.csv: run `Rscript pairs.R` in this folder after
# clustered.R, calibrated.R, rules.R and villages.R.
# The data of `league` are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.

source("common.R")
set.seed(20230)

# One row per rater and unit rated: raters of three strata, each rates three to seven of eight units, a stratum leaves one unit out altogether.
strata <- data.frame(stratum = c("G1", "G2", "G3"), raters = c(16, 11, 9), N = c(70, 25, 31), base = c(4.375, 2.25, 3.5))
rater <- do.call(rbind, lapply(1:3, function(h) data.frame(strata[h, ], rater = seq_len(strata$raters[h]), row.names = NULL)))
rater$mood <- rnorm(nrow(rater), 0, 0.8)
ease <- c(u1 = 1.2, u2 = 0.9, u3 = 0.5, u4 = 0.45, u5 = 0.2, u6 = -0.3, u7 = -0.9, u8 = 0.5)
league <- do.call(rbind, lapply(seq_len(nrow(rater)), function(i) {
  could <- if (rater$stratum[i] == "G3") setdiff(names(ease), "u8") else names(ease)
  data.frame(rater[i, ], unit = sort(sample(could, sample(3:7, 1))), row.names = NULL)
}))
n <- nrow(league)
answers <- function(gone) {
  item <- as.character(findInterval(league$mood + ease[league$unit] + rnorm(n, 0, 0.6), c(-1.4, -0.7, 0.1, 1)) + 1)
  item[runif(n) < gone] <- ""
  item
}
league$q1 <- answers(0.03); league$q2 <- answers(0.1); league$q3 <- answers(0.2)
league$weight <- sprintf("%.4f", league$base * exp(rnorm(nrow(rater), 0, 0.3))[match(paste(league$stratum, league$rater), paste(rater$stratum, rater$rater))])
write_data(league[sample(n), c("stratum", "rater", "weight", "N", "unit", "q1", "q2", "q3")], "league.csv")
tree <- index("golden-league", "Bộ kiểm thử: mỗi người chấm nhiều đơn vị", "Golden case: raters of several units",
              favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "mean", c("A", "B")), node("A", "mean", c("q1", "q2")), leaf("q1", "q1"), leaf("q2", "q2"),
  node("B", "pooled_respondents", c("B.q2", "B.q3")), leaf("B.q2", "q2", "mean_score"), leaf("B.q3", "q3", "mean_score")))
write_index(tree, "league.toml")

judged_pairs <- function(case, design, index, nodes, alpha = 0.05) {
  data <- design$variables
  w <- weights(design, "sampling")
  values <- sapply(Filter(function(e) e$kind == "leaf", index$entries), leaf_values, index = index, data = data)
  units <- sort(setdiff(unique(data$unit), ""), method = "radix")
  pairs <- t(combn(length(units), 2))
  tied <- any(tapply(data$unit, paste(design$strata[, 1], design$cluster[, 1]), function(u) length(unique(u))) > 1)
  stopifnot(tied)                                                                   # units that share nobody have another df against their mean
  found <- lapply(nodes, function(code) {
    own <- lapply(units, function(unit) linearise(code, index, values, w, data$unit == unit))
    p <- vapply(own, `[[`, 0, "estimate")
    V <- as.matrix(vcov(svytotal(sapply(own, `[[`, "z"), design)))
    if (index$entries[[code]]$kind == "leaf") {                                   # svyby has the covariances of a mean
      valid <- !is.na(values[, code]) & data$unit != ""
      part <- subset(update(design, .f = ifelse(valid, values[, code], 0)), valid)
      if (!is.null(design$postStrata)) {                                                # where svyby has none: R differentiates ratios of totals
        totals <- do.call(cbind, lapply(own, function(o) do.call(cbind, o$totals))) / sum(w)
        colnames(totals) <- paste0(c("A", "D"), rep(seq_along(units), each = 2))
        ratios <- setNames(lapply(sprintf("A%d/D%d", seq_along(units), seq_along(units)), function(r) parse(text = r)[[1]]), units)
        must_agree("covariances of units", V, vcov(svycontrast(svytotal(totals, design), ratios)), 1e-7, 1e-13)
      } else {
        by_unit <- svyby(~.f, ~unit, part, svymean, covmat = TRUE)
        must_agree("units", p, coef(by_unit)); must_agree("covariances of units", V, vcov(by_unit), 1e-10)
      }
    }
    se <- sqrt(outer(diag(V), diag(V), "+") - 2 * V)
    df <- outer(seq_along(units), seq_along(units), Vectorize(function(i, j) degf(subset(design, data$unit %in% units[c(i, j)]))))
    p_value <- 2 * pt(-abs(outer(p, p, "-") / se), df)
    rows <- data.frame(case = case, node = code, a = units[pairs[, 1]], b = units[pairs[, 2]], difference = p[pairs[, 1]] - p[pairs[, 2]],
                       se = se[pairs], df = df[pairs], p = p_value[pairs], p_holm = p.adjust(p_value[pairs], "holm"), p_bh = p.adjust(p_value[pairs], "BH"))
    from_mean <- diag(length(units)) - 1 / length(units)
    s <- sqrt(diag(from_mean %*% V %*% t(from_mean)))
    rows <- rbind(rows, data.frame(case = case, node = code, a = units, b = "mean", difference = p - mean(p), se = s, df = NA, p = NA, p_holm = NA, p_bh = NA))
    t <- outer(p, p, "-") / se; diag(t) <- 0
    above <- t > qt(1 - alpha / (length(units) * (length(units) - 1)), df)        # row significantly above column, all ordered pairs at once
    list(rows, data.frame(case = case, node = code, unit = units, rank = rank(-p, ties.method = "min"), dense = match(-p, sort(unique(-p))),
                          low = 1 + colSums(above), high = length(units) - rowSums(above)))
  })
  list(do.call(rbind, lapply(found, `[[`, 1)), do.call(rbind, lapply(found, `[[`, 2)))
}

data <- read_data("league.csv", c("weight", "N"))
raters <- svydesign(id = ~rater, strata = ~stratum, weights = ~weight, nest = TRUE, data = data)
raters_fpc <- svydesign(id = ~rater, strata = ~stratum, weights = ~weight, fpc = ~N, nest = TRUE, data = data)
league_nodes <- names(tree$entries)
rated <- list(judged_pairs("league", raters, tree, league_nodes), judged_pairs("league_fpc", raters_fpc, tree, c("TOTAL", "q1")))

tree <- index_in("clustered.R", "^positive <-")
data <- read_data("clustered.csv", c("weight", "N_psu"))
data <- transform(data, unit = ifelse(unit == "isle", "", unit))                  # its index is undefined and its df is 1
clustered <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
rated <- c(rated, list(judged_pairs("clustered", clustered, tree, c("TOTAL", "C", "D", "F", "A.a1"))))

# Units under calibrated weights: what the margins explain is taken away in all units, so the covariance of two units is another one.
data <- read_data("calibrated.csv", c("weight", "N_psu"))
margins <- read.csv("calibrated_margins.csv")
data$unit[data$unit == "isle"] <- ""
base <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
one <- function(name) { m <- margins[margins$margin == name, ]; setNames(m$total, paste0(name, m$category)) }
known <- c("(Intercept)" = sum(one("sex")), one("sex")["sexmale"], one("age")[-1])
raked <- calibrate(base, ~ sex + age, known, calfun = "raking", epsilon = 1e-13, maxit = 500)
rated <- c(rated, list(judged_pairs("calibrated", raked, index_in("calibrated.R"), c("TOTAL", "B", "C", "A.q1"))))
# Strata of one PSU that are not centred, and two stages; there the two domains are the sexes.
options(survey.lonely.psu = "adjust")
data <- read_data("rules.csv", c("weight", "N_psu"))
data$unit[data$unit == "isle"] <- ""                                              # its df is 0
alone <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
rated <- c(rated, list(judged_pairs("rules_adjust", alone, index_in("rules.R"), c("TOTAL", "A", "B", "A.q1"))))
data <- read_data("villages.csv", c("weight", "N1", "N2"))
data$unit <- data$sex
stages <- svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + N2, nest = TRUE, data = data)
rated <- c(rated, list(judged_pairs("villages_adjust", stages, index_in("villages.R"), c("TOTAL", "A", "q1"))))
write_expected(do.call(rbind, lapply(rated, `[[`, 1)), "pairs.expected.csv")
write_data(do.call(rbind, lapply(rated, `[[`, 2)), "pairs_ranks.expected.csv")
