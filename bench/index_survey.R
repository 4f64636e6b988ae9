# The composite index in R with CRAN survey, timed after loading.
# Rscript index_survey.R DATA.csv COMBINATION.csv ESTIMATES.csv SECONDS.csv
# COMBINATION.csv holds, per part of the index, the coefficient of every item.

suppressPackageStartupMessages(library(survey))

files <- commandArgs(trailingOnly = TRUE)
data <- read.csv(files[1])
combination <- as.matrix(read.csv(files[2], row.names = 1))
items <- colnames(combination)
data[items] <- lapply(data[items], function(answer) as.numeric(answer >= 4))
design <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = data, nest = TRUE)

# Weighted valid and favourable answers per response, or added up per commune, with their design.
weighted <- function(by_commune) {
  favourable <- as.matrix(data[items])
  valid <- !is.na(favourable)
  favourable[!valid] <- 0
  valid <- weights(design) * valid
  favourable <- weights(design) * favourable
  rows <- seq_len(nrow(data))
  if (by_commune) {
    commune <- design$cluster[, 1]
    rows <- which(!duplicated(commune))
    valid <- rowsum(valid, commune, reorder = FALSE)
    favourable <- rowsum(favourable, commune, reorder = FALSE)
  }
  list(
    valid = valid, favourable = favourable, unit = data$unit[rows],
    cluster = design$cluster[rows, , drop = FALSE], strata = design$strata[rows, , drop = FALSE],
    sampsize = design$fpc$sampsize[rows, , drop = FALSE]
  )
}

# All parts in all domains: the linearised scores as one matrix, one svyrecvar per domain.
from_scores <- function(totals, domain) {
  below <- rowsum(totals$valid, domain)
  rates <- rowsum(totals$favourable, domain) / below
  at <- match(domain, rownames(below))
  centred <- totals$favourable - totals$valid * rates[at, , drop = FALSE]
  scores <- (centred / below[at, , drop = FALSE]) %*% t(combination)
  errors <- vapply(split(seq_along(domain), domain), function(rows) {
    fpcs <- list(popsize = NULL, sampsize = totals$sampsize[rows, , drop = FALSE])
    variance <- svyrecvar(
      scores[rows, , drop = FALSE], totals$cluster[rows, , drop = FALSE],
      totals$strata[rows, , drop = FALSE], fpcs
    )
    sqrt(diag(variance))
  }, numeric(nrow(combination)))
  estimates <- rates %*% t(combination)
  data.frame(
    unit = rep(rownames(estimates), ncol(estimates)),
    part = rep(colnames(estimates), each = nrow(estimates)),
    estimate = as.vector(estimates), se = as.vector(t(errors))
  )
}

scores <- function(by_commune) {
  totals <- weighted(by_commune)
  rbind(from_scores(totals, rep("", length(totals$unit))), from_scores(totals, totals$unit))
}

# The items only, one by one, as R is commonly used.
one_by_one <- function() {
  do.call(rbind, lapply(items, function(item) {
    formula <- reformulate(item)
    whole <- svymean(formula, design, na.rm = TRUE)
    units <- svyby(formula, ~unit, design, svymean, na.rm = TRUE)
    data.frame(
      unit = c("", units$unit), part = item,
      estimate = c(coef(whole), coef(units)), se = c(SE(whole), SE(units))
    )
  }))
}

best_of <- function(times, task) min(replicate(times, system.time(task())[["elapsed"]]))

seconds <- c(
  scores_of_responses = best_of(5, function() scores(FALSE)),
  scores_of_communes = best_of(5, function() scores(TRUE)),
  svyby = system.time(items_only <- one_by_one())[["elapsed"]]
)
found <- rbind(
  cbind(idiom = "scores_of_responses", scores(FALSE)),
  cbind(idiom = "scores_of_communes", scores(TRUE)),
  cbind(idiom = "svyby", items_only)
)
write.csv(found, files[3], row.names = FALSE)
write.csv(data.frame(idiom = names(seconds), seconds = seconds), files[4], row.names = FALSE)
