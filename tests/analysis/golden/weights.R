# Golden case `weights`: calibration factors of an unequally weighted sample on three margins, one of which crosses two columns.
# R 4.2.2, survey 4.1-1. Makes weights.csv, weights_margins.csv and weights.expected.csv: run `Rscript weights.R` in this folder.
# The data are drawn here from a fixed seed; they describe no real people.
#
# Columns of weights.expected.csv: `case`, the cell (`sex`, `area`, `age`, `ethnicity`) and `g`, calibrated weight over base weight.
#   poststratify   postStratify on sex:area alone
#   linear         calibrate(calfun = "linear")
#   rake           calibrate(calfun = "raking")
#   logit          calibrate(calfun = "logit", bounds = c(0.5, 1.75))
#   truncated      calibrate(calfun = "linear", bounds = c(0.55, 1.62)): some cells lie at a bound

suppressPackageStartupMessages(library(survey))
options(stringsAsFactors = FALSE, warn = 1)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20224)

n <- 260
population <- expand.grid(sex = c("female", "male"), area = c("rural", "urban"), age = c("18-29", "30-44", "45-59", "60+"),
                          ethnicity = c("kinh", "other"))
population$N <- round(9000 * exp(rnorm(nrow(population), 0, 0.5)) * ifelse(population$ethnicity == "other", 0.3, 1))
answering <- exp(0.45 * (population$sex == "female") + 0.4 * (population$area == "urban") - 0.3 * (population$age == "18-29") +
                 rnorm(nrow(population), 0, 0.15))
cell <- sample(nrow(population), n, replace = TRUE, prob = population$N * answering)
weight <- sum(population$N) / n * exp(rnorm(n, 0, 0.5)) / 1.1
digits <- sample(c(0, 2, 4, 7), n, replace = TRUE)
data <- data.frame(id = seq_len(n), population[cell, c("sex", "area", "age", "ethnicity")],
                   weight = vapply(seq_len(n), function(i) sprintf("%.*f", digits[i], weight[i]), ""))
write.csv(data, "weights.csv", row.names = FALSE, quote = FALSE)

totals <- function(columns) {
  found <- aggregate(population$N, population[columns], sum)
  data.frame(margin = paste(columns, collapse = ":"), category = do.call(paste, c(found[columns], sep = ":")), total = found$x)
}
margins <- rbind(totals(c("sex", "area")), totals("age"), totals("ethnicity"))
write.csv(margins, "weights_margins.csv", row.names = FALSE, quote = FALSE)

data$weight <- as.numeric(data$weight)
design <- svydesign(id = ~1, weights = ~weight, data = data)
share <- population$N
formula <- ~ sex * area + age + ethnicity
known <- colSums(model.matrix(formula, population) * share)
stopifnot(all(names(known) == colnames(model.matrix(formula, data))))
calibrated <- function(...) calibrate(design, formula, known, epsilon = 1e-13, maxit = 500, ...)

crossed <- aggregate(list(Freq = population$N), population[c("sex", "area")], sum)
designs <- list(poststratify = postStratify(design, ~ sex + area, crossed),
                linear = calibrated(calfun = "linear"),
                rake = calibrated(calfun = "raking"),
                logit = calibrated(calfun = "logit", bounds = c(0.5, 1.75)),
                truncated = calibrated(calfun = "linear", bounds = c(0.55, 1.62)))
expected <- do.call(rbind, lapply(names(designs), function(case) {
  g <- weights(designs[[case]]) / data$weight
  by <- c("sex", "area", "age", "ethnicity")
  spread <- aggregate(g, data[by], function(x) diff(range(x)) / mean(x))
  stopifnot(spread$x < 1e-12)                                     # one factor per cell
  for (m in unique(margins$margin)) {
    if (case == "poststratify" && m != "sex:area") next
    rows <- margins[margins$margin == m, ]
    reached <- tapply(weights(designs[[case]]), do.call(paste, c(data[strsplit(m, ":")[[1]]], sep = ":")), sum)
    stopifnot(abs(reached[rows$category] / rows$total - 1) < 1e-11)
  }
  cells <- aggregate(list(g = g), data[by], function(x) x[1])
  data.frame(case = case, cells[by], g = sprintf("%.15g", cells$g))
}))
write.csv(expected, "weights.expected.csv", row.names = FALSE, quote = FALSE)
message(paste(capture.output(aggregate(as.numeric(expected$g), expected["case"], range)), collapse = "\n"))
