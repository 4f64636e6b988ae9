# Functions shared by the scripts of the golden cases in this folder: how an index is declared and written as TOML,
# how every node is estimated and linearised, how R's survey package judges it, how the expected figures are written.
# Made with R 4.2.2 and survey 4.1-1. Not run by itself: each NAME.R sources it (`Rscript NAME.R` in this folder).
#
# Where the conventions come from:
#   linearised score of a ratio            Woodruff 1971; Binder 1983; Sarndal, Swensson and Wretman 1992, ch. 5
#   domains as zero scores, all PSUs kept  Lumley 2010, ch. 2; the same as subset() of a survey design
#   degrees of freedom                     survey::degf of the subset: PSUs of the domain minus their strata
#   interval "logit"                       survey::svyciprop(method = "xlogit", df = df of the domain)
#   interval at 0 or 1                     Clopper and Pearson 1934 with n* = n (Korn and Graubard 1998; Parker et al. 2017)
#   interval "kg"                          survey::svyciprop(method = "beta", df = df of the domain) with n* cut to n (Parker et al. 2017)
#   design effect                          survey::svymean(deff = TRUE) and svymean(deff = "replace")

suppressPackageStartupMessages(library(survey))
options(stringsAsFactors = FALSE, survey.lonely.psu = "fail", survey.adjust.domain.lonely = FALSE, warn = 1)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")

if (getRversion() < "4.0.0") stop("R 4.0 or newer is needed")
if (packageVersion("survey") != "4.1.1") message("The figures were made with survey 4.1-1; this is ", packageVersion("survey"))

# ---- declaring an index -------------------------------------------------------------------------------------------

leaf <- function(code, item, measure = "favourable_share", points = NULL, max_points = NULL)
  list(kind = "leaf", code = code, item = item, measure = measure, points = points, max_points = max_points)

node <- function(code, rollup, children, weights = NULL, max_points = NULL)
  list(kind = "node", code = code, rollup = rollup, children = children, weights = weights, max_points = max_points)

# entries: nodes and leaves in the order in which they are reported.
index <- function(code, title_vi, title_en, favourable, scale, entries) {
  names(entries) <- vapply(entries, `[[`, "", "code")
  stopifnot(!anyDuplicated(names(entries)))
  list(code = code, title_vi = title_vi, title_en = title_en, root = entries[[1]]$code,
       favourable = favourable, scale = scale, entries = entries)
}

write_index <- function(index, file) {
  text <- function(x) paste0('"', x, '"')
  texts <- function(x) paste0("[", paste(text(x), collapse = ", "), "]")
  number <- function(x) { s <- format(x, digits = 15, trim = TRUE); ifelse(grepl(".", s, fixed = TRUE), s, paste0(s, ".0")) }
  lines <- c(paste("# Index of a golden test case; written by", sub("\\.toml$", ".R", file)),
             paste("code =", text(index$code)),
             paste("title.vi =", text(index$title_vi)),
             paste("title.en =", text(index$title_en)),
             'legal_basis = "none: a test case"',
             "questionnaires = []",
             paste("root =", text(index$root)),
             paste("favourable =", texts(index$favourable)),
             paste("scale =", texts(index$scale)))
  for (e in index$entries) {
    lines <- c(lines, "", paste0("[[", e$kind, "]]"), paste("code =", text(e$code)))
    if (e$kind == "node") {
      lines <- c(lines, paste("rollup =", text(e$rollup)), paste("children =", texts(e$children)))
      if (!is.null(e$weights)) lines <- c(lines, paste0("weights = [", paste(number(e$weights), collapse = ", "), "]"))
    } else {
      lines <- c(lines, paste("item =", text(e$item)), paste("measure =", text(e$measure)))
      if (!is.null(e$points))
        lines <- c(lines, paste0("points = { ", paste(text(names(e$points)), "=", number(unname(e$points)), collapse = ", "), " }"))
    }
    if (!is.null(e$max_points)) lines <- c(lines, paste("max_points =", number(e$max_points)))
  }
  connection <- file(file, open = "wb")                # the same bytes whatever the locale
  writeLines(lines, connection, useBytes = TRUE)
  close(connection)
}

# ---- data ---------------------------------------------------------------------------------------------------------

write_data <- function(data, file) write.table(data, file, sep = ",", quote = FALSE, row.names = FALSE, na = "")

# Everything is read back as text, as the program under test reads it; `numeric` names the columns of the design that are numbers.
read_data <- function(file, numeric) {
  data <- read.csv(file, colClasses = "character", na.strings = character(), check.names = FALSE)
  for (column in numeric) {
    data[[column]] <- as.numeric(data[[column]])
    stopifnot(!anyNA(data[[column]]))
  }
  data
}

number17 <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))

# ---- estimate and linearised score of every node -------------------------------------------------------------------

# f of one leaf for every row, NA where the answer is not valid.
leaf_values <- function(leaf, index, data) {
  answer <- trimws(data[[leaf$item]])
  answer[!(answer %in% index$scale)] <- NA
  switch(leaf$measure,
         favourable_share = ifelse(is.na(answer), NA, as.numeric(answer %in% index$favourable)),
         mean_score = as.numeric(answer) / max(as.numeric(index$scale)),
         option_points = unname(leaf$points[answer]),
         stop("unknown measure ", leaf$measure))
}

leaves_below <- function(code, index) {
  e <- index$entries[[code]]
  if (e$kind == "leaf") code else unlist(lapply(e$children, leaves_below, index = index))
}

own_max_points <- function(code, index) {
  e <- index$entries[[code]]
  if (!is.null(e$max_points)) return(e$max_points)
  stopifnot(e$kind == "node", e$rollup == "sum")
  sum(vapply(e$children, own_max_points, 0, index = index))
}

# What R needs to know of one node in one domain: estimate, n, score z (zero outside the domain and for invalid answers),
# and the estimate written as an expression in weighted totals, from which R's svycontrast finds the variance a second way.
linearise <- function(code, index, values, w, inside) {
  e <- index$entries[[code]]
  below <- leaves_below(code, index)
  F <- values[, below, drop = FALSE]
  V <- !is.na(F) & inside & w > 0
  F[!V] <- 0
  ratio <- function(a, d, n) {                     # a, d: numerator and denominator of each row
    D <- sum(w * d)
    if (D == 0) return(list(estimate = NA_real_, z = rep(0, length(w)), n = 0))
    R <- sum(w * a) / D
    totals <- list(a, d)
    names(totals) <- paste0(c("A_", "D_"), make.names(code))
    list(estimate = R, z = (a - R * d) / D, n = n, totals = totals,
         expression = paste0("(", names(totals)[1], "/", names(totals)[2], ")"))
  }
  if (e$kind == "leaf") return(ratio(F[, 1], as.numeric(V[, 1]), sum(V)))
  if (e$rollup == "pooled_items") return(ratio(rowSums(F), rowSums(V), sum(V)))
  if (e$rollup == "pooled_respondents") {
    answered <- rowSums(V)
    return(ratio(ifelse(answered > 0, rowSums(F) / pmax(answered, 1), 0), as.numeric(answered > 0), sum(answered > 0)))
  }
  children <- lapply(e$children, linearise, index = index, values = values, w = w, inside = inside)
  coefficients <- switch(e$rollup,
                         mean = rep(1 / length(children), length(children)),
                         weighted_mean = e$weights,
                         sum = { m <- vapply(e$children, own_max_points, 0, index = index); unname(m / sum(m)) },
                         stop("unknown rollup ", e$rollup))
  stopifnot(isTRUE(all.equal(sum(coefficients), 1, tolerance = 1e-15)))
  estimates <- vapply(children, `[[`, 0, "estimate")
  n <- sum(rowSums(V) == length(below))            # complete cases of all leaves below
  if (anyNA(estimates)) return(list(estimate = NA_real_, z = rep(0, length(w)), n = n))
  list(estimate = sum(coefficients * estimates),
       z = as.vector(sapply(children, `[[`, "z") %*% coefficients), n = n,
       totals = do.call(c, lapply(children, `[[`, "totals")),
       expression = paste0("(", paste(sprintf("%.17g", coefficients), "*", vapply(children, `[[`, "", "expression"), collapse = "+"), ")"))
}

# ---- the judgement of R ---------------------------------------------------------------------------------------------

must_agree <- function(what, ours, theirs, tolerance = 1e-12, zero = 1e-14) {
  difference <- abs(as.numeric(ours) - as.numeric(theirs))
  if (!isTRUE(all(difference <= zero | difference <= tolerance * abs(theirs))))
    stop(what, ": ", paste(format(ours, digits = 17), collapse = " "), " against ", paste(format(theirs, digits = 17), collapse = " "))
}

# The index that another script declares, from the line that starts with `from` to the one before write_index.
index_in <- function(script, from = "^tree <-") {
  lines <- readLines(script, encoding = "UTF-8")
  place <- new.env(parent = globalenv())
  eval(parse(text = lines[grep(from, lines)[1]:(grep("^write_index", lines) - 1)], keep.source = FALSE), envir = place)
  place$tree
}

interval <- function(p, s, df, n, ci, confidence) {
  alpha <- 1 - confidence
  if (is.na(p)) return(c(NA, NA))
  if (ci %in% c("logit", "kg") && (p == 0 || p == 1)) {
    if (n == 0) return(c(NA, NA))
    return(clopper_pearson(p, n, alpha))
  }
  if (df < 1 || is.na(s)) return(c(NA, NA))
  t <- qt(1 - alpha / 2, df)
  if (ci == "kg") return(if (n == 0) c(NA, NA) else clopper_pearson(p, min(n, effective_n(p, s, df, n, alpha)), alpha))
  if (ci == "t") return(p + c(-1, 1) * t * s)
  plogis(qlogis(p) + c(-1, 1) * t * s / (p * (1 - p)))
}

clopper_pearson <- function(p, n, alpha)
  c(if (p == 0) 0 else qbeta(alpha / 2, n * p, n * (1 - p) + 1), if (p == 1) 1 else qbeta(1 - alpha / 2, n * p + 1, n * (1 - p)))

# n* of Korn and Graubard: effective sample size, less what the design's degrees of freedom cost. R's own "beta" takes those of the item's
# rows, this those of the domain, and has none where s is 0 or n is 1: there n* = n, as the quantile of t grows without bound.
effective_n <- function(p, s, df, n, alpha) if (s == 0 || n == 1) n else p * (1 - p) / s^2 * (qt(alpha / 2, n - 1) / qt(alpha / 2, df))^2

# Totals of scores over one domain. A score is zero outside it, so the whole design serves; only the rule `average` asks which strata
# the domain touches, as subset() of a design does.
domain_totals <- function(z, design, inside) {
  if (getOption("survey.lonely.psu") != "average") return(svytotal(z, design))
  part <- subset(design, inside)                         # of a calibrated design all rows stay, with weight 0 outside
  svytotal(if (nrow(part) == nrow(z)) z else z[inside, , drop = FALSE], part)
}

# The rows of one domain (`inside`: one TRUE or FALSE per row of the data).
judge_domain <- function(design, index, values, inside, ci, confidence) {
  w <- weights(design, "sampling")
  codes <- names(index$entries)
  found <- lapply(codes, linearise, index = index, values = values, w = w, inside = inside)
  names(found) <- codes
  z <- sapply(found, `[[`, "z")
  variance <- diag(as.matrix(vcov(domain_totals(z, design, inside))))
  variance[variance < 1e-24] <- 0
  se <- sqrt(variance)

  df <- degf(subset(design, inside))
  own <- inside & w > 0
  psu <- unique(data.frame(h = as.character(design$strata[own, 1]), i = as.character(design$cluster[own, 1])))
  must_agree("degrees of freedom", nrow(psu) - length(unique(psu$h)), df)

  rows <- lapply(codes, function(code) {
    e <- index$entries[[code]]
    p <- found[[code]]$estimate
    s <- unname(se[code])
    n <- found[[code]]$n
    if (!is.na(p) && min(abs(p), abs(1 - p)) < 1e-9) stopifnot(p == 0 || p == 1, is.na(s) || s == 0)
    limits <- interval(p, s, df, n, ci, confidence)
    deff <- deff_replace <- NA_real_
    if (!is.na(p) && !is.na(s)) {
      check_by_totals(code, found[[code]], design, w, s, inside)
      simple <- e$kind == "leaf" || e$rollup %in% c("pooled_items", "pooled_respondents")
      if (simple) check_by_ratio(code, found[[code]], design, s)
      if (e$kind == "leaf") {
        own <- inside & !is.na(values[, code])
        part <- subset(update(design, .f = ifelse(own, values[, code], 0)), own)
        mean <- svymean(~.f, part)
        must_agree(paste(code, "svymean"), p, coef(mean))
        must_agree(paste(code, "SE of svymean"), s, SE(mean))
        if (ci == "logit" && p > 0 && p < 1 && s > 0 && df > 0)
          must_agree(paste(code, "svyciprop"), limits, attr(svyciprop(~.f, part, method = "xlogit", level = confidence, df = df), "ci"), 1e-10)
        if (ci == "kg" && p > 0 && p < 1 && s > 0 && degf(part) == df && nrow(part) == n && effective_n(p, s, df, n, 1 - confidence) <= n)
          must_agree(paste(code, "svyciprop"), limits, attr(svyciprop(~.f, part, method = "beta", level = confidence), "ci"), 1e-10)
        if (s > 0) {
          deff <- as.numeric(deff(svymean(~.f, part, deff = TRUE)))
          deff_replace <- as.numeric(deff(svymean(~.f, part, deff = "replace")))
        }
      }
    }
    data.frame(node = code, estimate = p, se = if (is.na(p)) NA else s, df = df, ci_low = limits[1], ci_high = limits[2],
               n = n, deff = deff, deff_replace = deff_replace)
  })
  do.call(rbind, rows)
}

# A leaf or a pooled node is one ratio: svyratio on the rows that have a denominator.
check_by_ratio <- function(code, found, design, s) {
  part <- subset(update(design, .a = found$totals[[1]], .d = found$totals[[2]]), found$totals[[2]] > 0)
  ratio <- svyratio(~.a, ~.d, part)
  must_agree(paste(code, "svyratio"), found$estimate, coef(ratio))
  must_agree(paste(code, "SE of svyratio"), s, as.numeric(SE(ratio)))
}

# Any node is a smooth function of totals: R differentiates the expression itself (the totals cancel, so fewer digits agree).
check_by_totals <- function(code, found, design, w, s, inside) {
  totals <- do.call(cbind, found$totals) / sum(w)
  totals <- totals[, !duplicated(colnames(totals)), drop = FALSE]
  contrast <- svycontrast(domain_totals(totals, design, inside), list(node = parse(text = found$expression)[[1]]))
  must_agree(paste(code, "svycontrast"), found$estimate, coef(contrast))
  must_agree(paste(code, "SE of svycontrast"), s, suppressWarnings(sqrt(max(0, vcov(contrast)))), 1e-8, 1e-7)
}

# The whole and the domains of every column of `by`; a row with an empty cell belongs to no domain of that column.
judge <- function(case, design, index, by, ci = "logit", confidence = 0.95) {
  data <- design$variables
  values <- sapply(Filter(function(e) e$kind == "leaf", index$entries), leaf_values, index = index, data = data)
  families <- list(list(by = "", domain = "", inside = rep(TRUE, nrow(data))))
  for (column in by) for (domain in sort(setdiff(unique(data[[column]]), ""), method = "radix"))
    families <- c(families, list(list(by = column, domain = domain, inside = data[[column]] == domain)))
  do.call(rbind, lapply(families, function(f)
    cbind(case = case, by = f$by, domain = f$domain, judge_domain(design, index, values, f$inside, ci, confidence))))
}

# Rows in every numeric column of which a figure is written with 17 digits; `leave_out` names the columns not written.
write_expected <- function(rows, file, leave_out = NULL) {
  numbers <- intersect(c("estimate", "se", "ci_low", "ci_high", "deff", "deff_replace", "se_jkn", "change", "difference", "p", "p_holm", "p_bh"), names(rows))
  rows[numbers] <- lapply(rows[numbers], number17)
  rows <- rows[setdiff(names(rows), leave_out)]
  write_data(rows, file)
  cat(file, ":", nrow(rows), "rows,", sum(rows[[intersect(numbers, names(rows))[1]]] == ""), "undefined\n")
}
