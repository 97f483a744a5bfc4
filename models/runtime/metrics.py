"""What the runtime counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TIMES_S = (0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 100)
PARTS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """One runtime's counters, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "lampstand_models_requests",
            "Requests, by kind and HTTP status or `cancelled`.",
            ["kind", "status"],
            registry=registry,
        )
        self.prompt_tokens = Counter("lampstand_models_prompt_tokens", "Tokens read.", ["model"], registry=registry)
        self.reused_tokens = Counter(
            "lampstand_models_reused_tokens",
            "Tokens of prompts that were known from before.",
            ["model"],
            registry=registry,
        )
        self.completion_tokens = Counter(
            "lampstand_models_completion_tokens", "Tokens written.", ["model"], registry=registry
        )
        self.first_token_s = Histogram(
            "lampstand_models_first_token_seconds",
            "From a request to its first word.",
            ["model"],
            buckets=TIMES_S,
            registry=registry,
        )
        self.embedded_texts = Counter(
            "lampstand_models_embedded_texts",
            "Texts embedded, by whether they were known.",
            ["source"],
            registry=registry,
        )
        self.pass_parts = Histogram(
            "lampstand_models_pass_requests",
            "Requests that went together in one pass.",
            buckets=PARTS,
            registry=registry,
        )
        self.crashes = Counter("lampstand_models_crashes", "Processes of models that died.", registry=registry)
        self.queued = Gauge("lampstand_models_queued", "Requests that wait.", ["device", "lane"], registry=registry)
        self.loaded_bytes = Gauge(
            "lampstand_models_loaded_bytes", "Memory that a loaded model takes.", ["model"], registry=registry
        )

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self._registry)
