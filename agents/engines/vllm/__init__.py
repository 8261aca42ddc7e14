"""The engine of a vLLM server: decisions over HTTP, new weights while it serves.

``server`` speaks HTTP, ``wire`` reads the answers, ``options`` turns legal choices into single next tokens, ``fitting``
checks a checkpoint before the server sees it, ``reload`` and ``probe`` change weights and prove it, ``engine`` is what
minds ask, ``launch`` starts a server on this machine, ``worker`` runs inside of it. No torch and no transformers here:
the tokenizer is handed in.
"""
