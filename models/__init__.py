"""The model runtime: a service of its own that knows nothing of the Bible."""

from models.offline import stay_offline

stay_offline()
