// Sets limits of the process and of its allocator, once, before it has threads.
#pragma once

namespace lamda::runtime {

/// Raises the limit of descriptors: the default of 1024 is for programs that use select(2).
void allow_many_descriptors();

/// Returns large blocks to the system when they are freed. By default malloc raises the threshold with each
/// such block, and a backfill's answers stay in the heap: 50 MiB at its peak instead of 26.
void give_large_memory_back();

}  // namespace lamda::runtime
