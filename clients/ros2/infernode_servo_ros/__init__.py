"""ROS 2 node of InferNode's live servoing."""
