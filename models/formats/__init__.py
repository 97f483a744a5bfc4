"""Read the metadata of model files, without the native code that loads the models."""
