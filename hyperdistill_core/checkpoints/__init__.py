"""The controllers that ship: NAME.safetensors, each with its model card NAME.md."""
