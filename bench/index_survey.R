# The composite index in R with CRAN survey, timed after loading.
# Rscript index_survey.R FOLDER IDIOM=TIMES...
# FOLDER/combination.csv holds, per part of the index, the coefficient of every item; FOLDER/NAME.bin
# the column NAME: answers as bytes (-1 for none), unit, stratum and psu as integers, weight double.

suppressPackageStartupMessages(library(survey))

arguments <- commandArgs(trailingOnly = TRUE)
place <- function(name) file.path(arguments[1], name)
combination <- as.matrix(read.csv(place("combination.csv"), row.names = 1))
items <- colnames(combination)
rows <- file.size(place("weight.bin")) / 8
column <- function(name, kind, size) readBin(place(paste0(name, ".bin")), kind, rows, size)
data <- data.frame(weight = column("weight", "double", 8))
for (name in c("unit", "stratum", "psu")) data[[name]] <- column(name, "integer", 4)
for (item in items) {
  answer <- column(item, "integer", 1)
  answer[answer < 0] <- NA
  data[[item]] <- as.numeric(answer >= 3)
}
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

idioms <- list(
  scores_of_responses = function() scores(FALSE),
  scores_of_communes = function() scores(TRUE),
  svyby = one_by_one
)
asked <- strsplit(arguments[-1], "=")
measured <- lapply(asked, function(pair) {
  times <- replicate(as.integer(pair[2]), {
    seconds <- system.time(found <<- idioms[[pair[1]]]())[["elapsed"]]
    gc()
    seconds
  })
  list(found = cbind(idiom = pair[1], found), seconds = data.frame(idiom = pair[1], seconds = min(times)))
})
write.csv(do.call(rbind, lapply(measured, `[[`, "found")), place("estimates.csv"), row.names = FALSE)
write.csv(do.call(rbind, lapply(measured, `[[`, "seconds")), place("seconds.csv"), row.names = FALSE)
