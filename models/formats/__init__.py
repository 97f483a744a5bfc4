"""What files of models say of themselves, read without the native code that would load them."""
