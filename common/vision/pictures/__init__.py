"""Pictures as models need them: decoded and resized once, then read at the speed of memory.

from common.vision.pictures.cache import PictureCache, open_cache
from common.vision.pictures.near_duplicates import groups, report
from common.vision.pictures.loader import dataloaders                   # imports fastai: in model code only

cache = open_cache(paths, context.cache, size=256, progress=context.progress)
cache.pixels                 # uint8 (n, 256, 256, 3), mapped; cache.pixels[rows] copies some
cache.readable               # bool (n,); cache.unreadable is {row: reason}
cache.rows(frame["file"])    # the row of each path
group = groups(cache.thumbs) # near duplicates have the same number; report(group, names) names them

dls = dataloaders(cache, train_rows, valid_rows, labels, vocab=["cat", "dog"], size=224, flip=True,
                  batch_size=64, augment=aug_transforms(...), normalise=(mean, std), seed=42)
learn = vision_learner(dls, resnet34, normalize=False)           # fine_tune, lr_find, tta, interpretation …
"""
