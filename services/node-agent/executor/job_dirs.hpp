// Folders of an attempt on the provider's disk.
#pragma once

#include <string>
#include <utility>

namespace lamda::agent {

/// An attempt's folder and its subfolders. `output` and `volumes` count towards diskMib.
struct JobDirs {
    explicit JobDirs(std::string path) : root(std::move(path)) {}
    std::string root;
    std::string input() const { return root + "/input"; }
    std::string output() const { return root + "/output"; }
    std::string volumes() const { return root + "/volumes"; }  ///< other folders that the executor provides
    std::string secrets;  ///< folder in memory, /run/secrets of the work, read-only; empty: none
};

}  // namespace lamda::agent
