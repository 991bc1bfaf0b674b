"""Image encoders: pictures in, feature maps out."""
