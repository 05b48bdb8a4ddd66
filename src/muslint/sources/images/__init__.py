"""Container images: what lies in a layout or archive of them, their layers laid over one another, what they start.

Formats: OCI image-spec 1.1 (image-layout.md, image-index.md, manifest.md, layer.md, config.md); Docker Image
Specification v1.2 (``manifest.json``) and v1 (``repositories``).
"""
