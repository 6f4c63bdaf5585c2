//! Event sources, enrichment and detections.
