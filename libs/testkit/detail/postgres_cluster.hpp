// Creates the data folder of a PostgreSQL server. For testkit only.
#pragma once

#include <string>

namespace lamda::testkit {

/// Copies a cluster that initdb made once for the build folder: a copy costs a seventh of initdb, and the
/// suite makes several hundred. All copies have one system identifier, which only replication compares.
/// @param bin  folder of PostgreSQL's executables
/// @param data absolute path, must not exist
void create_cluster(const std::string& bin, const std::string& data);

}  // namespace lamda::testkit
