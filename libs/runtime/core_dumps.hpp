// Forbids core dumps, which would write keys and passwords to a disk.
#pragma once

namespace lamda::runtime {

/// Prevents core dumps and inspection by the same user (ptrace, /proc/<pid>/mem); root can still inspect.
/// Applies to this process; a child that executes another program is not affected.
void forbid_core_dumps();

}  // namespace lamda::runtime
