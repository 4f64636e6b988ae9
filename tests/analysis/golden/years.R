# Golden case `years`: the change of every node between two years, in the same PSUs and in new ones.
# R 4.2.2, survey 4.1-1. Makes years_now.csv, years_panel.csv, years_fresh.csv, years_margins.csv, years.toml and years.expected.csv: run `Rscript years.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people. Conventions and their sources: common.R and README.md.
#
# years_panel.csv is the year before in the same PSUs, years_fresh.csv the year before in other PSUs of the same strata.

source("common.R")
set.seed(20229)

strata <- data.frame(stratum = c("Y1", "Y2", "Y3"), n_psu = c(6, 5, 4), N_psu = c(25, 9, 40), base = c(14, 5, 31))
psu <- do.call(rbind, lapply(seq_len(nrow(strata)), function(h) data.frame(strata[h, ], psu = seq_len(strata$n_psu[h]), row.names = NULL)))
other <- transform(psu, psu = psu + 50)
psu$level <- rnorm(nrow(psu), 0, 0.6); other$level <- rnorm(nrow(other), 0, 0.6)
year <- function(psu, trend) {
  people <- psu[rep(seq_len(nrow(psu)), sample(9:16, nrow(psu), replace = TRUE)), ]
  n <- nrow(people)
  people$unit <- sample(c("north", "south", "east"), n, replace = TRUE, prob = c(0.5, 0.35, 0.15))
  answers <- function(ease, gone) {
    item <- as.character(findInterval(people$level + trend + rnorm(n, ease, 0.9), c(-1.6, -0.9, -0.2, 0.9)) + 1)
    item[runif(n) < gone] <- ""
    item
  }
  data <- data.frame(stratum = people$stratum, psu = people$psu, weight = sprintf("%.4f", people$base * exp(rnorm(n, 0, 0.3))), N_psu = people$N_psu,
                     unit = people$unit, q1 = answers(0.4, 0.03), q2 = answers(0.2, 0.1), q3 = answers(0, 0.25), q4 = answers(0.6, 0.05))
  data[sample(n), ]
}
write_data(year(psu, 0.25), "years_now.csv")
write_data(year(psu, 0), "years_panel.csv")
write_data(year(other, 0), "years_fresh.csv")

tree <- index("golden-years", "Bộ kiểm thử: hai năm", "Golden case: two years", favourable = c("4", "5"), scale = as.character(1:5), entries = list(
  node("TOTAL", "weighted_mean", c("A", "B", "C"), weights = c(0.4, 0.4, 0.2)),
  node("A", "mean", c("A.q1", "A.q2")), leaf("A.q1", "q1"), leaf("A.q2", "q2"),
  node("B", "pooled_items", c("B.q3", "B.q4")), leaf("B.q3", "q3"), leaf("B.q4", "q4"),
  node("C", "pooled_respondents", c("C.q1", "C.q3")), leaf("C.q1", "q1", "mean_score"), leaf("C.q3", "q3", "mean_score")))
write_index(tree, "years.toml")

# Both years in one design. `same`: a PSU found in both is one PSU; else the years are samples of their own, stratum by stratum.
stacked <- function(before, fpc, same) {
  data <- rbind(cbind(read_data("years_now.csv", c("weight", "N_psu")), year = 1), cbind(read_data(before, c("weight", "N_psu")), year = 0))
  data$place <- if (same) data$stratum else paste(data$stratum, data$year)
  if (fpc) return(svydesign(id = ~psu, strata = ~place, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data))
  svydesign(id = ~psu, strata = ~place, weights = ~weight, nest = TRUE, data = data)
}

changes <- function(case, design, index, confidence = 0.95) {
  data <- design$variables
  w <- weights(design, "sampling")
  values <- sapply(Filter(function(e) e$kind == "leaf", index$entries), leaf_values, index = index, data = data)
  codes <- names(index$entries)
  do.call(rbind, lapply(c("", sort(unique(data$unit), method = "radix")), function(unit) {
    inside <- unit == "" | data$unit == unit
    now <- lapply(codes, linearise, index = index, values = values, w = w, inside = inside & data$year == 1)
    before <- lapply(codes, linearise, index = index, values = values, w = w, inside = inside & data$year == 0)
    z <- sapply(now, `[[`, "z") - sapply(before, `[[`, "z")
    change <- sapply(now, `[[`, "estimate") - sapply(before, `[[`, "estimate")
    variance <- diag(vcov(svytotal(z, design)))
    variance[variance < 1e-24] <- 0
    se <- sqrt(variance)
    for (i in seq_along(codes)) if (!is.null(design$postStrata)) {                   # where svyby has no covariances: R differentiates the difference
      totals <- do.call(cbind, c(now[[i]]$totals, before[[i]]$totals)) / sum(w)
      colnames(totals) <- paste0(rep(c("now.", "before."), c(length(now[[i]]$totals), length(before[[i]]$totals))), colnames(totals))
      expression <- paste0(gsub("([AD]_)", "now.\\1", now[[i]]$expression), "-", gsub("([AD]_)", "before.\\1", before[[i]]$expression))
      contrast <- svycontrast(svytotal(totals[, !duplicated(colnames(totals))], design), list(change = parse(text = expression)[[1]]))
      must_agree(paste(codes[i], "svycontrast"), change[i], coef(contrast), 1e-8)
      must_agree(paste(codes[i], "SE of svycontrast"), se[i], SE(contrast), 1e-8, 1e-8)
    }
    df <- degf(subset(design, inside))
    for (i in seq_along(codes)) if (is.null(design$postStrata) && index$entries[[codes[i]]]$kind == "leaf") {   # a leaf is a mean in each year: svyby has both and their covariance
      own <- inside & !is.na(values[, codes[i]])
      part <- subset(update(design, .f = ifelse(own, values[, codes[i]], 0)), own)
      contrast <- svycontrast(svyby(~.f, ~year, part, svymean, covmat = TRUE), list(change = c("0" = -1, "1" = 1)))
      must_agree(paste(codes[i], "svyby"), change[i], coef(contrast), 1e-11)
      must_agree(paste(codes[i], "SE of svyby"), se[i], SE(contrast), 1e-11)
    }
    t <- qt((1 + confidence) / 2, df)
    data.frame(case = case, unit = unit, node = codes, change = change, se = se, df = df, ci_low = change - t * se, ci_high = change + t * se,
               p = 2 * pt(-abs(change / se), df))
  }))
}
# The panel with each year post-stratified to the population of its units.
margins <- data.frame(data = rep(c("years_now", "years_panel"), each = 3), margin = "unit", category = c("east", "north", "south"),
                      total = c(290, 1050, 640, 310, 900, 700))
write_data(margins, "years_margins.csv")
post <- postStratify(stacked("years_panel.csv", TRUE, TRUE), ~ year + unit,
                     data.frame(year = ifelse(margins$data == "years_now", 1, 0), unit = margins$category, Freq = margins$total))

write_expected(rbind(changes("panel", stacked("years_panel.csv", FALSE, TRUE), tree), changes("panel_fpc", stacked("years_panel.csv", TRUE, TRUE), tree),
                     changes("fresh", stacked("years_fresh.csv", FALSE, FALSE), tree), changes("fresh_fpc", stacked("years_fresh.csv", TRUE, FALSE), tree),
                     changes("post_fpc", post, tree)), "years.expected.csv")
