"""What other tools wrote, as stores that can only be read: MLflow, TensorBoard, W&B. None of the tools is needed, and nothing of theirs is executed or changed."""
