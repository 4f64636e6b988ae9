# Golden case `apistrat`: a stratified sample of schools, each row a PSU.
# R 4.2.2, survey 4.1-1. Makes apistrat.csv, apistrat.toml and apistrat.expected.csv: run `Rscript apistrat.R` in this folder.
# The data are the public sample `apistrat` of R's survey package (data(api): Academic Performance Index of California schools, 2000)
# and the design is the one of its help page, ?api. Conventions and their sources: common.R and README.md.

source("common.R")
data(api)

items <- c("sch.wide", "comp.imp", "awards")
sample <- apistrat[, c("stype", "pw", "fpc", items)]
for (item in items) sample[[item]] <- ifelse(is.na(sample[[item]]), "", as.character(sample[[item]]))
design_numbers <- c("pw", "fpc")
for (column in design_numbers) sample[[column]] <- sprintf("%.17g", as.numeric(sample[[column]]))
write_data(sample, "apistrat.csv")

tree <- index("golden-apistrat", "Bộ kiểm thử: apistrat", "Golden case: apistrat", favourable = "Yes", scale = c("Yes", "No"), entries = list(
  node("TOTAL", "mean", items), leaf("sch.wide", "sch.wide"), leaf("comp.imp", "comp.imp"), leaf("awards", "awards")))
write_index(tree, "apistrat.toml")

data <- read_data("apistrat.csv", design_numbers)
stopifnot(identical(data$pw, as.numeric(apistrat$pw)))                                       # what is written is what R holds
design <- svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = data)
write_expected(judge("default", design, tree, "stype"), "apistrat.expected.csv")
