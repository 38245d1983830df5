CREATE SCHEMA reputation;
