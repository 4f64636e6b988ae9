# Golden case `jackknife`: standard errors by the stratified jackknife JKn on the data and index of the cases `clustered` and `twostage`.
# R 4.2.2, survey 4.1-1. Makes jackknife.expected.csv: run `Rscript jackknife.R` in this folder after clustered.R and twostage.R.
# Conventions: common.R and README.md.

source("common.R")
options(survey.replicates.mse = TRUE)                                             # deviations from the estimate itself

# Every node in every domain as one function of the weights, for withReplicates.
jackknifed <- function(case, design, index, by) {
  data <- design$variables
  values <- sapply(Filter(function(e) e$kind == "leaf", index$entries), leaf_values, index = index, data = data)
  replicates <- suppressWarnings(as.svrepdesign(design, type = "JKn"))            # what lies below the first stage is dropped
  domains <- list(list(by = "", domain = "", inside = rep(TRUE, nrow(data))))
  for (column in by) for (domain in sort(setdiff(unique(data[[column]]), ""), method = "radix"))
    domains <- c(domains, list(list(by = column, domain = domain, inside = data[[column]] == domain)))
  do.call(rbind, lapply(domains, function(d) {
    codes <- names(index$entries)
    theta <- function(w, data) vapply(codes, function(code) linearise(code, index, values, w, d$inside)$estimate, 0)
    full <- withReplicates(replicates, function(w, data) { t <- theta(w, data); t[is.na(t)] <- 1e9; t }, return.replicates = TRUE)
    se <- suppressWarnings(sqrt(diag(attr(full$theta, "var"))))
    se[as.vector(full$theta) == 1e9 | apply(full$replicates == 1e9, 2, any)] <- NA  # undefined in the sample or in a replicate
    se[!is.na(se) & se < 1e-12] <- 0
    for (code in codes) if (index$entries[[code]]$kind == "leaf" && !is.na(se[code])) {
      own <- d$inside & !is.na(values[, code])
      part <- subset(update(replicates, .f = ifelse(own, values[, code], 0)), own)
      must_agree(paste(code, "SE of svymean"), se[code], SE(svymean(~.f, part)), 1e-10, 1e-12)
    }
    data.frame(case = case, by = d$by, domain = d$domain, node = codes, se_jkn = unname(se))
  }))
}

clustered <- index_in("clustered.R", "^positive <-")
data <- read_data("clustered.csv", c("weight", "N_psu"))
with <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, fpc = ~N_psu, nest = TRUE, data = data)
without <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = data)
expected <- rbind(jackknifed("clustered_fpc", with, clustered, c("unit", "sex")), jackknifed("clustered", without, clustered, c("unit", "sex")))

twostage <- index_in("twostage.R")
data <- read_data("twostage.csv", c("weight", "N1", "N2"))
both <- svydesign(id = ~commune + village, strata = ~stratum, weights = ~weight, fpc = ~N1 + N2, nest = TRUE, data = data)
expected <- rbind(expected, jackknifed("twostage_fpc", both, twostage, "sex"))
write_expected(expected, "jackknife.expected.csv")
