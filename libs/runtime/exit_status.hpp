// Exit statuses shared by all executables. 1: refused or failed.
#pragma once

namespace lamda::runtime {

/// Wrong usage: an unknown option or command, a missing or malformed argument.
constexpr int kExitUsage = 2;
/// A setting is wrong: EX_CONFIG of sysexits.h.
constexpr int kExitConfig = 78;

}  // namespace lamda::runtime
