"""Read the metadata of model files, without the native libraries that load the models."""
