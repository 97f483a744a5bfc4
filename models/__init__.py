"""The model runtime: a separate service that does not depend on the rest of Lampstand."""

from models.offline import stay_offline

stay_offline()
