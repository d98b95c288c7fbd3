"""What commands share, in four rooms: runtime, files, images, models."""
