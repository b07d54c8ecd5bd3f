"""What reading costs, in times decoding the same pictures, and what follows for a city and a country."""
