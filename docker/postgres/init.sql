-- The schema registry's own; the warehouse is made by the image.
CREATE DATABASE registry;
