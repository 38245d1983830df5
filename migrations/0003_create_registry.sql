CREATE SCHEMA registry;
