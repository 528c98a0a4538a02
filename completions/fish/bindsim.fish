# SPDX-License-Identifier: MIT
# Completion of bindsim(1) for fish.

set -g __bindsim_formats text ld-debug json ndjson ldd plan sarif junit github gitlab markdown dot html sqlite
set -g __bindsim_text_parts steps unresolved findings notes objects scopes pairs bindings slots lazyload suppressed dlopen-notes process differences contents

# FILE[:FLAGS]: files, then flags joined by commas that are not there yet.
function __bindsim_dlopen
    set -l word (commandline -ct | string replace -r '^--dlm?open=' '')
    if string match -q '*:*' -- $word
        set -l before (string replace -r '[^:,+|]*$' '' -- $word)
        set -l written (string split -r -m1 ':' -- $before)[-1]
        for flag in LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD WORLD GROUP LAZYLOAD NOSHARE
            contains -- $flag (string split -n ',' -- (string replace -ra '[+|]' ',' -- $written))
            or echo $before$flag
        end
    else
        __fish_complete_path $word
    end
end

# What could stand behind -- if it were a line of its own.
function __bindsim_recorded
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    complete -C (string join ' ' -- (string escape -- $words[(math $at + 1)..-1]) (commandline -ct))
end

# Parts of the format that was chosen and of the others that are reported, joined by commas.
function __bindsim_parts
    set -l line (commandline -p)
    set -l parts
    for format in (string match -ar -- '--(?:format|report)[= ]([a-z-]+)' $line | string match -v -- '--*')
        switch $format
            case text
                set -a parts $__bindsim_text_parts
            case ld-debug
                set -a parts bindings libs scopes versions files mapped addresses slots reloc lazyload statistics debug
            case json ndjson
                set -a parts steps objects bindings slots findings scopes searches demangled mapped suppressed dlopen-notes process differences contents
            case ldd
                set -a parts libs versions undefined unused
            case sarif junit github gitlab
                set -a parts findings notes
            case markdown
                set -a parts steps findings notes
            case dot
                set -a parts needed steps findings notes
            case html
                set -a parts steps findings notes objects scopes bindings suppressed
            case sqlite
                set -a parts steps objects bindings slots findings scopes searches demangled mapped suppressed dlopen-notes definitions
        end
    end
    string match -qr -- '--format[= ]' $line
    or set -a parts $__bindsim_text_parts
    string match -qr '^\S+\s+diff\s' $line
    and set parts steps findings causes bindings objects
    set -l word (commandline -ct | string replace -r '^--show=' '')
    set -l before (string replace -r '[^,]*$' '' -- $word)
    for part in $parts
        contains -- $part (string split -n ',' -- $before)
        or echo $before$part
    end | sort -u
end

# FORMAT:FILE
function __bindsim_report
    set -l word (commandline -ct | string replace -r '^--report=' '')
    if string match -q '*:*' -- $word
        set -l before (string replace -r ':.*' ':' -- $word)
        for file in (__fish_complete_path (string replace -r '^[^:]*:' '' -- $word))
            echo $before$file
        end
    else
        printf '%s:\n' $__bindsim_formats
    end
end

function __bindsim_levels
    printf '%s\n' x86-64 x86-64-v2 x86-64-v3 x86-64-v4 armv7-a armv8-a armv8.1-a power8 power9 power10 z10 z196 zEC12 z13 z14 z15 z16
end

function __bindsim_loaders
    printf '%s\n' glibc glibc:2.(seq 17 44) musl musl:1.2.(seq 3 5) qnx
end

# PROFILE.KEY=VALUE, as the tool itself lists them.
function __bindsim_settings
    for key in (begin; bindsim loaders glibc; bindsim loaders qnx; end 2>/dev/null | string match -rg '^([a-z]+\.[a-z0-9_-]+) ')
        switch $key
            case glibc.sort
                printf '%s=%s\n' $key dfs $key counting
            case '*'
                printf '%s=%s\n' $key yes $key no
        end
    end
end

# Remedies that advise tries, joined by commas.
function __bindsim_remedies
    set -l word (commandline -ct | string replace -r '^--remedy=' '')
    set -l before (string replace -r '[^,]*$' '' -- $word)
    for remedy in deepbind no-deepbind local global nodelete order preload-order dlmopen symbolic symbolic-functions hidden version-script protected
        contains -- $remedy (string split -n ',' -- $before)
        or echo $before$remedy
    end
end

# The first word may be a command.
complete -c bindsim -n __fish_use_subcommand -a 'advise check diff explain loaders log order record scan verify' -d 'Command'

# Steps
complete -c bindsim -l dlopen -x -a '(__bindsim_dlopen)' -d 'dlopen(FILE) with FLAGS'
complete -c bindsim -l dlmopen -x -a '(__bindsim_dlopen)' -d 'dlmopen(FILE) with FLAGS'
complete -c bindsim -l dlsym -x -a 'DEFAULT: NEXT:' -d 'dlsym of a symbol'
complete -c bindsim -l dlclose -x -d 'dlclose of what a step opened'
complete -c bindsim -l call -r -F -d 'First call of a function'
complete -c bindsim -l init -r -F -d 'Steps by the constructors of OBJECT'
complete -c bindsim -l end-init -d 'The end of --init'
complete -c bindsim -l caller -r -F -d 'Who makes the calls from here on'
complete -c bindsim -l plan -r -F -d 'Take the question from FILE'
complete -c bindsim -l follow-dlopen-notes -f -a 'required recommended suggested' -d 'Open what notes of objects say'

# A process that is there
complete -c bindsim -l pid -x -a '(__fish_complete_pids)' -d 'Read what a process really holds'
complete -c bindsim -l core -r -F -d 'The same of a core file'

# The simulated process
complete -c bindsim -l bind-now -d 'Bind everything at load'
complete -c bindsim -l library-path -x -a '(__fish_complete_directories)' -d 'Search DIRS instead of LD_LIBRARY_PATH'
complete -c bindsim -l preload -r -F -d 'Preload FILES'
complete -c bindsim -l env -x -d 'Set a variable of the process'
complete -c bindsim -l no-env -d 'Take no variable from the environment'
complete -c bindsim -l root -x -a '(__fish_complete_directories)' -d 'Resolve every path inside DIR'
complete -c bindsim -l sysroot -x -a '(__fish_complete_directories)' -d 'The same as --root'
complete -c bindsim -l cwd -x -a '(__fish_complete_directories)' -d 'Working directory of the process'
complete -c bindsim -l argv0 -x -d 'What the process is called'
complete -c bindsim -l loader -x -a '(__bindsim_loaders)' -d 'Rules of this loader'
complete -c bindsim -l set -x -a '(__bindsim_settings)' -d 'Turn a switch of a profile'
complete -c bindsim -l secure -d 'As for a set-user-ID program'
complete -c bindsim -l inhibit-cache -d 'Do not read ld.so.cache'
complete -c bindsim -l ldconfig -d 'Take the ld.so.cache that ldconfig would write'
complete -c bindsim -l inhibit-rpath -x -d 'Ignore RPATH and RUNPATH of these objects'
complete -c bindsim -l cpu -x -a '(__bindsim_levels)' -d 'Level of the CPU'
complete -c bindsim -l platform -x -d 'What $PLATFORM stands for'
complete -c bindsim -l hwcaps-mask -x -d 'Search only these glibc-hwcaps directories'
complete -c bindsim -l hwcaps-prepend -x -d 'Search these glibc-hwcaps directories first'

# The command check
complete -c bindsim -l policy -r -F -d 'The policy to check by'
complete -c bindsim -l no-policy -d 'Look for no policy'
complete -c bindsim -l plan-name -x -d 'Check this plan of the policy only'
complete -c bindsim -l host -r -F -d 'The program that opens the libraries'
complete -c bindsim -l recursive -d 'Look for libraries in the directories below, too'
complete -c bindsim -l executable -x -d 'Of an archive check these executables only'
complete -c bindsim -l use-env -d 'Take variables from the environment'
complete -c bindsim -l baseline -r -F -d 'What is in FILE does not count'
complete -c bindsim -l write-baseline -r -F -d 'Write what counts to FILE'
complete -c bindsim -l gen-suppressions -d 'Print suppressions for what counts'
complete -c bindsim -l today -x -d 'The day of today'

# The command advise
complete -c bindsim -l remedy -x -a '(__bindsim_remedies)' -d 'Try these remedies only'

# The command diff
complete -c bindsim -l left-root -x -a '(__fish_complete_directories)' -d 'The root of LEFT'
complete -c bindsim -l right-root -x -a '(__fish_complete_directories)' -d 'The root of RIGHT'

# The command log
complete -c bindsim -l process -x -d 'Tell of this process only'

# The command order
complete -c bindsim -l max-orders -x -d 'Try all orders if there are up to N'
complete -c bindsim -l pairs -r -F -d 'Open all pairs of the objects in a directory'

# The command verify
complete -c bindsim -l log -r -F -d 'What the loader did stands in FILE'
complete -c bindsim -l run -d 'Run the program under LD_DEBUG'
complete -c bindsim -l argument -x -d 'Run it with this argument'
complete -c bindsim -l timeout -x -d 'End it after some seconds'
# The command record; what is to be recorded stands behind --
complete -c bindsim -l children -d 'Record the processes that the command forks, too'
complete -c bindsim -n 'contains -- record (commandline -opc); and contains -- -- (commandline -opc)' -x -a '(__bindsim_recorded)'
# The command scan
complete -c bindsim -l libraries -d 'Scan shared objects, too'
complete -c bindsim -l plugins -r -F -d 'Have each program open the objects of a directory'
complete -c bindsim -s 0 -l null -d 'Read paths from standard input, with a NUL behind each'
complete -c bindsim -l one-file-system -d 'Stay on the file system of each path'
complete -c bindsim -s j -l jobs -x -d 'So many threads'
complete -c bindsim -l memory -x -d 'Let go of files when more MiB are in use'
complete -c bindsim -l journal -r -F -d 'Keep what is found, and go on from there'
complete -c bindsim -l shard -x -d 'Scan the Kth of N parts'
complete -c bindsim -l merge -d 'Make one scan of its parts'

# Which references
complete -c bindsim -l symbol -x -d 'References to symbols of this name'
complete -c bindsim -l from -r -F -d 'References that this object makes'
complete -c bindsim -l to -r -F -d 'References that are bound to this object'
complete -c bindsim -l pair -x -d 'Explain the references between two objects'
complete -c bindsim -l rule -x -a 'captured-references unresolved-at-call healed when-matters ignored-deepbind two-versions loaded-twice captured-dependency type-identity unique-crosses definitions-differ interposer-bypassed object-split split-copy constructed-twice leaked-static-runtime mixed-unwinders embedded-and-needed embedded-copy isolated potential undeclared-dependency needs-global unused-needed version-crossed pinned search-path required-binding required-isolation required-export required-bind-now forbidden-duplicate unused-suppression expired-suppression order-dependent slot-patched' -d 'Explain a rule of the findings'

# The answer
complete -c bindsim -l format -x -a '$__bindsim_formats' -d 'Format of the report'
complete -c bindsim -l show -x -a '(__bindsim_parts)' -d 'Print these parts only'
complete -c bindsim -s o -l output -r -F -d 'Write to FILE'
complete -c bindsim -l report -x -a '(__bindsim_report)' -d 'Write one more report'
complete -c bindsim -l library-db -r -d 'Know the libraries of a file'
complete -c bindsim -l fail-on -x -a 'error warning note none' -d 'Exit with 1 at a finding'
complete -c bindsim -l proof -x -a 'auto all none' -d 'Debug information as evidence'
complete -c bindsim -l color -x -a 'auto always never' -d 'Use colours'
complete -c bindsim -s v -l verbose -d 'Print what was assumed, too'
complete -c bindsim -s q -l quiet -d 'Print no report'
complete -c bindsim -s h -l help -d 'Print a summary of the options'
complete -c bindsim -s V -l version -d 'Print the version'
