// No core dumps: they would carry keys and passwords to a disk.
#pragma once

namespace lamda::runtime {

/// Neither a dump nor a look from outside by the same user (ptrace, /proc/<pid>/mem); root still may. For
/// this process; children that execute another program start afresh.
void forbid_core_dumps();

}  // namespace lamda::runtime
