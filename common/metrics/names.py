"""What people call a metric, and Kaggle's display names, led back to its name in the table."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Letters and digits only, as `_letters` leaves them: separators and capitals do not count. What stands before the colon
# is a name of the table. A mean over columns needs no entry: words for it are taken off.
_ALSO = """
pearson: pearsonr, pearsoncorrelation, correlation, pcc
spearman: spearmanr, spearmancorrelation, spearmanrho, spearmansr, spearmansrho, spearmanrankcorrelation
mse: meansquarederror, l2
rmse: rootmeansquarederror, rootmeansquareerror
rmsle: rootmeansquaredlogarithmicerror, rootmeansquaredlogerror, logrmse, rmseofthelog
mae: meanabsoluteerror, l1
weighted_mae: wmae, weightedmeanabsoluteerror, maskedmae
weighted_rmse: weightedrootmeansquarederror
median_absolute_error: medae, medianae, mediane
mape: meanabsolutepercentageerror
rmspe: rootmeansquarepercentageerror, rootmeansquaredpercentageerror
smape: symmetricmeanabsolutepercentageerror
r2: rsquared, coefficientofdetermination
gini: normalizedgini, normalisedgini
log_mae_by_group: logmae, grouplogmae, logofmeanabsoluteerror
angular_error: meanangularerror
haversine: haversinedistance, meanhaversinedistance
accuracy: acc, categorizationaccuracy, classificationaccuracy, accuracyclassification, top1accuracy
error_rate: classificationerror, top1error, meanbesterror, meanbesterroratk
balanced_accuracy: bacc, meanrecall, macrorecall
f1: f
f1_macro: macrof1, macrof, macroaveragedf1, fmacro
f1_micro: microf1, microf, microaveragedf1, fmicro
f1_weighted: weightedf1, weightedf, fweighted, weightedaveragef1
precision: positivepredictivevalue, macroprecision
recall: sensitivity, truepositiverate
brier: brierloss
f1_samples: samplesf1, meanf1, meanf
fbeta_macro: macrofbeta
fbeta_micro: microfbeta
fbeta_samples: samplesfbeta, meanfbeta
quadratic_weighted_kappa: qwk, quadratickappa, kappa, cohenkappa, weightedkappa
matthews: mcc, matthewscorrelation, matthewscorr, phi
log_loss: logarithmicloss, multiclassloss, multiclasslogloss, binarylogloss, crossentropy, binarycrossentropy, mlogloss,
weighted_log_loss: weightedlogarithmicloss, weightedmulticlassloss, weightedmultilabellogloss
balanced_log_loss: balancedlogarithmicloss
roc_auc: areaundercurve, areaunderthecurve
roc_auc: auc, auroc, rocauc, areaunderreceiveroperatingcharacteristiccurve, areaundertheroccurve, areaunderroc, aucroc,
average_precision: ap, auprc, prauc, averageprecisionrecall, areaundertheprecisionrecallcurve
weighted_auc: weightedrocauc
probabilistic_f1: pf1, probabilisticf
map: mapk, mapatk, meanaverageprecision, averageprecisionk, meanaverageprecisionk
ndcg: normalizeddiscountedcumulativegain, normalizeddiscountedcumulativegaink, ndcgk
kendall_tau: kendall, kendalltaucorrelation, kendallstau
lwlrap: labelweightedlabelrankingaverageprecision, lrap, labelrankingaverageprecision
roc_auc_micro: microauc, microrocauc, aucmicro
average_precision_micro: microap, gap, globalaverageprecision, microaverageprecision
word_jaccard: jaccard, wordleveljaccard, wordjaccardsimilarity
levenshtein: levenshteinmean, meanlevenshtein, levenshteindistance, editdistance, meanlevenshteindistance
character_error_rate: cer, normalizedlevenshtein, normalisedlevenshtein
sequence_error_rate: wer, worderrorrate, normalizededitdistance
dice: meandice, dicesorensen, sorensendice
dice_global: globaldice
fbeta_pixels: pixelfbeta
iou: meaniou, miou, meanintersectionoverunion, intersectionoverunion
iou_precision: meanprecisionoveriouthresholds, meanaverageprecisioniou, precisionoveriou
object_precision: meanprecisionofobjects, objectiouprecision
pixel_accuracy: pixelacc, pixelwiseaccuracy
pixel_iou: meanclassiou, classiou, meanioupixels
kl_divergence: kl, kld, kullbackleiblerdivergence, kullbackleibler, kldiv
"""
_COLUMNS = re.compile(
    r"^(mean|average)?(over|of)?(multi)?(columnwise|column|percolumn)(mean|average)?|^mc(?=rmse|rmsle|auc|mae)"
)
_FILLERS = re.compile(r"(scores?|metric|coefficient|index|deprecated|old)$")
_NUMBER = re.compile(r"(?:@|\bat\b)\s*(?:k\s*=\s*)?(\d+(?:\.\d+)?)\s*$", re.IGNORECASE)


def find(text: str, known: Iterable[str]) -> str | None:
    """Return the known metric that a text means, with its parameter after "@", or None.

    >>> find("MAP@3", ["map"]), find("MCRMSE (Mean Columnwise Root Mean Squared Error)", ["rmse"])
    ('map@3', 'rmse')
    """
    known = tuple(known)
    names = {_letters(name): name for name in known} | {
        alias: name for alias, name in aliases().items() if name in known
    }
    parameter = _NUMBER.search(text)
    bare = text[: parameter.start()] if parameter else re.sub(r"@\s*(\{?k\}?)?\s*$", "", text, flags=re.IGNORECASE)
    for part in (bare, *re.split(r"\s[-–:]\s|[()]", bare)):
        key = _letters(part)
        if beta := re.fullmatch(r"f(?:score)?([2-9]|0\d+)(?:score)?", key):  # F2, F0.5
            number = beta[1] if len(beta[1]) == 1 else f"{beta[1][0]}.{beta[1][1:]}"
            return f"fbeta@{number}" if "fbeta" in known else None
        for candidate in _shorter(key):
            if candidate in names:
                return names[candidate] + (f"@{parameter[1]}" if parameter else "")
    return None


def _shorter(key: str) -> Iterable[str]:
    """Yield a key, and it without words that say nothing or only that the columns are averaged."""
    columns = _COLUMNS.sub("", key)
    apart = re.sub(r"^(f1?)score(?=micro|macro|weighted)", r"\1", key)  # F1 score (micro)
    for start in dict.fromkeys(
        (key, columns, f"mean{columns}" if columns != key else key, apart, key.removeprefix("mean"))
    ):
        yield start
        while (shorter := _FILLERS.sub("", start)) != start:
            yield (start := shorter)


def aliases() -> dict[str, str]:
    """Return what else metrics are called, as letters and digits, and what that means."""
    pairs = (line.partition(": ") for line in _ALSO.strip().splitlines())
    return {alias: name for name, _, others in pairs for alias in others.rstrip(",").split(", ")}


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower().replace("²", "2").replace("β", "beta"))
