"""Training, evaluation and export of InferNode's CNS visual-servo policy."""
