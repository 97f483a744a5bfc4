"""The metrics of the runtime, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TIMES_S = (0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 100)
PARTS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one runtime, in a separate registry."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "lampstand_models_requests",
            "Number of requests, by kind and by status: an HTTP status, or `cancelled`.",
            ["kind", "status"],
            registry=registry,
        )
        self.prompt_tokens = Counter("lampstand_models_prompt_tokens", "Tokens read.", ["model"], registry=registry)
        self.reused_tokens = Counter(
            "lampstand_models_reused_tokens",
            "Prompt tokens that were in the cache and were not read again.",
            ["model"],
            registry=registry,
        )
        self.completion_tokens = Counter(
            "lampstand_models_completion_tokens", "Tokens generated.", ["model"], registry=registry
        )
        self.first_token_s = Histogram(
            "lampstand_models_first_token_seconds",
            "Seconds from a request to the first text of its answer.",
            ["model"],
            buckets=TIMES_S,
            registry=registry,
        )
        self.embedded_texts = Counter(
            "lampstand_models_embedded_texts",
            "Number of texts: `known` if the vector was in the cache, `embedded` if it was computed.",
            ["source"],
            registry=registry,
        )
        self.pass_parts = Histogram(
            "lampstand_models_pass_requests",
            "Requests per pass.",
            buckets=PARTS,
            registry=registry,
        )
        self.crashes = Counter("lampstand_models_crashes", "Child processes that died.", registry=registry)
        self.queued = Gauge("lampstand_models_queued", "Waiting requests.", ["device", "lane"], registry=registry)
        self.loaded_bytes = Gauge(
            "lampstand_models_loaded_bytes", "Memory of a loaded model.", ["model"], registry=registry
        )

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
