"""What lies in the landing folder: deliveries, their control files, archives."""
