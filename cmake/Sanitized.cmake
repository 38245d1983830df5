# The tests that run under sanitizers: `make sanitize` builds target sanitized_tests and runs CTest label "sanitize".
#
# Chosen are tests that execute new paths of our own C++ code, because a sanitizer reports nothing else:
#   - the unit tests of every library and service (lamda_library, TESTS), hostile HTTP clients among them;
#   - the tests listed here: every parser of foreign bytes, the simulated chain with fewer seeds, and one end-to-end story,
#     in which each service and the agent run as processes.
# Left out are lints, deploy_*, and the tests in JavaScript (they run no C++), and the other integration, end-to-end and
# chaos tests (they repeat the same code in other orders, at several times the price; the plain run has them).
set(LAMDA_SANITIZED "^fuzz/" "^chaos/chain_sim$" "^e2e_never_lost_test$")

if(LAMDA_TESTS)
  add_custom_target(sanitized_tests)
endif()

# The test `test`, which executable `target` runs, is one of them. Further executables that the test starts are
# dependencies of `target`.
function(lamda_sanitized test target)
  set_property(TEST ${test} APPEND PROPERTY LABELS sanitize)
  add_dependencies(sanitized_tests ${target})
endfunction()

# The same, if LAMDA_SANITIZED has the test.
function(lamda_sanitized_if_chosen test target)
  foreach(chosen IN LISTS LAMDA_SANITIZED)
    if(test MATCHES "${chosen}")
      lamda_sanitized(${test} ${target})
    endif()
  endforeach()
endfunction()
