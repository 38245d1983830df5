// What a process asks of the system and of its allocator, once, before it has threads.
#pragma once

namespace lamda::runtime {

/// The default of 1024 descriptors is for programs that use select(2).
void allow_many_descriptors();

/// Large pieces go back to the system when they are freed. Left to itself, malloc raises the bound with each
/// of them, and the answers of a backfill then stay in the heaps' holes: 50 MiB at its peak instead of 26.
void give_large_memory_back();

}  // namespace lamda::runtime
