// What came on the bus and could not be used, for people to read.
#pragma once

#include <string>

#include "store/database.hpp"

namespace lamda::pipeline {

/// @param owner as of the outbox: who refused it  @param body cut at 64 KiB
void put_dead_letter(store::Txn& txn, const std::string& owner, const std::string& subject,
                     const std::string& body, const std::string& reason);

}  // namespace lamda::pipeline
