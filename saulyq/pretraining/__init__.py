"""Making an encoder: unlabelled text in, a checkpoint to fine-tune out."""
