# SPDX-License-Identifier: MIT
# Completion of bindsim(1) for fish.

set -g __bindsim_formats text ld-debug json ndjson ldd plan sarif junit github gitlab markdown dot html sqlite
set -g __bindsim_text_parts steps unresolved findings notes objects scopes pairs bindings slots lazyload suppressed dlopen-notes process differences contents

# Options that take a value, which may stand behind a blank.
set -g __bindsim_valued dlopen dlmopen dlsym dlclose call init caller plan pid core library-path preload env root sysroot cwd argv0 loader set inhibit-rpath cpu platform hwcaps-mask hwcaps-prepend policy plan-name host executable baseline write-baseline today remedy left-root right-root max-orders pairs log argument timeout process plugins jobs memory journal shard symbol from to pair rule format show output report fail-on library-db proof color
set -g __bindsim_commands advise check diff explain help loaders log order record scan verify

# The command on the line, "none" where an executable stands in its place, nothing before the first word.
function __bindsim_command
    set -l last
    for word in (commandline -opc)[2..-1]
        if test -n "$last"
            set last
        else if contains -- $word -o -j; or begin
                string match -q -- '--*' $word
                and contains -- (string sub -s 3 -- $word) $__bindsim_valued
            end
            set last $word
        else if not string match -q -- '-*' $word
            contains -- $word $__bindsim_commands
            and echo $word
            or echo none
            return
        end
    end
end

# Whether the line's command takes the option: where commands are named, these alone do (none: no command), else all but
# some, or only some.
function __bindsim_takes --argument-names name
    set -l command (__bindsim_command)
    test -z "$command"
    and return 0
    if set -q argv[2]
        contains -- $command $argv[2..-1]
        return
    end
    switch $command
        case advise
            not contains -- $name symbol proof
        case diff
            not contains -- $name fail-on proof
        case order
            not contains -- $name proof
        case scan
            not contains -- $name plan follow-dlopen-notes symbol from to pair
        case log
            contains -- $name symbol from to pair format show output report fail-on color verbose quiet
        case record
            contains -- $name output verbose quiet
        case loaders
            contains -- $name format
        case help
            return 1
        case '*'
            return 0
    end
end

# The numbers of the steps on the line that open something. Those of a plan are not known here.
function __bindsim_steps
    set -l number 0
    set -l words (commandline -opc)
    string match -qr -- '^--[^=]*$' $words[-1]
    and set -e words[-1]
    for word in $words
        switch $word
            case --plan '--plan=*'
                return
            case --dlopen '--dlopen=*' --dlmopen '--dlmopen=*'
                set number (math $number + 1)
                set -a opened $number
            case --dlsym '--dlsym=*' --dlclose '--dlclose=*' --call '--call=*'
                set number (math $number + 1)
        end
    end
    set -q opened
    and printf '%s\n' $opened
end

# Files whose names match the pattern, and directories; where there is none, all.
function __bindsim_files --argument-names pattern
    set -l word (commandline -ct | string replace -r '^--[a-z-]+=' '')
    set -l all (__fish_complete_path $word)
    set -l fitting (string match -r -- ".*(?:/|$pattern)(?:\t.*)?\$" $all)
    if test (count (string match -v -r -- '/(\t.*)?$' $fitting)) -gt 0
        printf '%s\n' $fitting
    else
        printf '%s\n' $all
    end
end

# Programs and shared objects, and what PATTERN matches; where there is none, all files.
function __bindsim_programs --argument-names pattern
    set -l word (commandline -ct)
    set -l all (__fish_complete_path $word)
    set -l fitting
    for reply in $all
        set -l file (string replace -r '\t.*' '' -- $reply)
        if string match -qr -- "\.so(?:\..*)?\$|/\$$pattern" $file; or test -x $file
            set -a fitting $reply
        end
    end
    set -q fitting[1]
    or set fitting $all
    printf '%s\n' $fitting
end

# What may stand behind the command, or in its place.
function __bindsim_words
    switch (__bindsim_command)
        case loaders
            __bindsim_loaders
        case help
            printf '%s\n' $__bindsim_commands options
        case check
            __bindsim_programs '|\.(?:whl|deb|tar|tar\..*|tgz|zip)$'
        case diff log scan
            __fish_complete_path (commandline -ct)
        case '*'
            __bindsim_programs ''
    end
end

function __bindsim_format
    switch (__bindsim_command)
        case advise diff order verify
            printf '%s\n' text json
        case scan
            printf '%s\n' text json ndjson sqlite sarif junit github gitlab markdown
        case log
            printf '%s\n' text json ndjson plan ld-debug
        case explain loaders
            echo text
        case '*'
            printf '%s\n' $__bindsim_formats
    end
end

# FILE[:FLAGS]: files, then flags joined by commas that are not there yet.
function __bindsim_dlopen
    set -l word (commandline -ct | string replace -r '^--(?:dlm?open|pairs|plugins)=' '')
    set -l option (commandline -opc)[-1](commandline -ct)
    if string match -q '*--dlmopen*' -- $option; and string match -q '*@*' -- $word
        for number in (__bindsim_steps)
            echo (string replace -r '@[^@]*$' '@' -- $word)$number
        end
    else if string match -q '*:*' -- $word
        set -l before (string replace -r '[^:,+|]*$' '' -- $word)
        set -l written (string split -r -m1 ':' -- $before)[-1]
        for flag in LAZY NOW GLOBAL LOCAL DEEPBIND NODELETE NOLOAD WORLD GROUP LAZYLOAD NOSHARE
            contains -- $flag (string split -n ',' -- (string replace -ra '[+|]' ',' -- $written))
            or echo $before$flag
        end
    else if string match -qr -- '--(?:pairs|plugins)' $option
        __fish_complete_directories $word
    else
        __bindsim_files '\.so(?:\..*)?'
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
    switch (__bindsim_command)
        case diff
            set parts steps findings causes bindings objects
        case verify
            set parts parts steps causes lines
        case advise
            set parts clashes tried changes all-changes
        case order
            set parts steps findings orders bindings pairs
        case log
            set parts processes findings opens searches objects pairs bindings
        case scan
            set parts programs pairs notes objects exports bindings
        case explain
            set parts walk
    end
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
    for key in (begin; bindsim loaders glibc; bindsim loaders musl; bindsim loaders qnx; end 2>/dev/null | string match -rg '^([a-z]+\.[a-z0-9_-]+) ')
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
complete -c bindsim -n 'test -z (__bindsim_command)' -a 'advise check diff explain help loaders log order record scan verify' -d 'Command'
complete -c bindsim -n 'not contains -- record (commandline -opc)' -f -a '(__bindsim_words)'

# Steps
complete -c bindsim -n '__bindsim_takes dlopen' -l dlopen -x -a '(__bindsim_dlopen)' -d 'dlopen(FILE) with FLAGS'
complete -c bindsim -n '__bindsim_takes dlmopen' -l dlmopen -x -a '(__bindsim_dlopen)' -d 'dlmopen(FILE) with FLAGS'
complete -c bindsim -n '__bindsim_takes dlsym' -l dlsym -x -a 'DEFAULT: NEXT: (__bindsim_steps | string replace -r "\$" :)' -d 'dlsym of a symbol'
complete -c bindsim -n '__bindsim_takes dlclose' -l dlclose -x -a '(__bindsim_steps)' -d 'dlclose of what a step opened'
complete -c bindsim -n '__bindsim_takes call' -l call -r -F -d 'First call of a function'
complete -c bindsim -n '__bindsim_takes init' -l init -r -F -d 'Steps by the constructors of OBJECT'
complete -c bindsim -n '__bindsim_takes end-init' -l end-init -d 'The end of --init'
complete -c bindsim -n '__bindsim_takes caller' -l caller -r -F -d 'Who makes the calls from here on'
complete -c bindsim -n '__bindsim_takes plan' -l plan -x -a '(__bindsim_files "\.(?:plan|json)")' -d 'Take the question from FILE'
complete -c bindsim -n '__bindsim_takes follow-dlopen-notes' -l follow-dlopen-notes -f -a 'required recommended suggested' -d 'Open what notes of objects say'

# A process that is there
complete -c bindsim -n '__bindsim_takes pid none verify' -l pid -x -a '(__fish_complete_pids)' -d 'Read what a process really holds'
complete -c bindsim -n '__bindsim_takes core none verify' -l core -r -F -d 'The same of a core file'

# The simulated process
complete -c bindsim -n '__bindsim_takes bind-now' -l bind-now -d 'Bind everything at load'
complete -c bindsim -n '__bindsim_takes library-path' -l library-path -x -a '(__fish_complete_directories)' -d 'Search DIRS instead of LD_LIBRARY_PATH'
complete -c bindsim -n '__bindsim_takes preload' -l preload -r -F -d 'Preload FILES'
complete -c bindsim -n '__bindsim_takes env' -l env -x -d 'Set a variable of the process'
complete -c bindsim -n '__bindsim_takes no-env' -l no-env -d 'Take no variable from the environment'
complete -c bindsim -n '__bindsim_takes root' -l root -x -a '(__fish_complete_directories)' -d 'Resolve every path inside DIR'
complete -c bindsim -n '__bindsim_takes sysroot' -l sysroot -x -a '(__fish_complete_directories)' -d 'The same as --root'
complete -c bindsim -n '__bindsim_takes cwd' -l cwd -x -a '(__fish_complete_directories)' -d 'Working directory of the process'
complete -c bindsim -n '__bindsim_takes argv0' -l argv0 -x -d 'What the process is called'
complete -c bindsim -n '__bindsim_takes loader' -l loader -x -a '(__bindsim_loaders)' -d 'Rules of this loader'
complete -c bindsim -n '__bindsim_takes set' -l set -x -a '(__bindsim_settings)' -d 'Turn a switch of a profile'
complete -c bindsim -n '__bindsim_takes secure' -l secure -d 'As for a set-user-ID program'
complete -c bindsim -n '__bindsim_takes inhibit-cache' -l inhibit-cache -d 'Do not read ld.so.cache'
complete -c bindsim -n '__bindsim_takes ldconfig' -l ldconfig -d 'Take the ld.so.cache that ldconfig would write'
complete -c bindsim -n '__bindsim_takes inhibit-rpath' -l inhibit-rpath -x -d 'Ignore RPATH and RUNPATH of these objects'
complete -c bindsim -n '__bindsim_takes cpu' -l cpu -x -a '(__bindsim_levels)' -d 'Level of the CPU'
complete -c bindsim -n '__bindsim_takes platform' -l platform -x -d 'What $PLATFORM stands for'
complete -c bindsim -n '__bindsim_takes hwcaps-mask' -l hwcaps-mask -x -d 'Search only these glibc-hwcaps directories'
complete -c bindsim -n '__bindsim_takes hwcaps-prepend' -l hwcaps-prepend -x -d 'Search these glibc-hwcaps directories first'

# The command check
complete -c bindsim -n '__bindsim_takes policy check scan' -l policy -x -a '(__bindsim_files "\.ini")' -d 'The policy to judge by'
complete -c bindsim -n '__bindsim_takes no-policy check scan' -l no-policy -d 'Look for no policy'
complete -c bindsim -n '__bindsim_takes plan-name check' -l plan-name -x -d 'Check this plan of the policy only'
complete -c bindsim -n '__bindsim_takes host check' -l host -r -F -d 'The program that opens the libraries'
complete -c bindsim -n '__bindsim_takes recursive check' -l recursive -d 'Look for libraries in the directories below, too'
complete -c bindsim -n '__bindsim_takes executable check' -l executable -x -d 'Of an archive check these executables only'
complete -c bindsim -n '__bindsim_takes use-env check scan' -l use-env -d 'Take variables from the environment'
complete -c bindsim -n '__bindsim_takes baseline check scan' -l baseline -x -a '(__bindsim_files "\.json")' -d 'What is in FILE does not count'
complete -c bindsim -n '__bindsim_takes write-baseline check scan' -l write-baseline -r -F -d 'Write what counts to FILE'
complete -c bindsim -n '__bindsim_takes gen-suppressions check scan' -l gen-suppressions -d 'Print suppressions for what counts'
complete -c bindsim -n '__bindsim_takes today check scan' -l today -x -d 'The day of today'

# The command advise
complete -c bindsim -n '__bindsim_takes remedy advise' -l remedy -x -a '(__bindsim_remedies)' -d 'Try these remedies only'

# The command diff
complete -c bindsim -n '__bindsim_takes left-root diff' -l left-root -x -a '(__fish_complete_directories)' -d 'The root of LEFT'
complete -c bindsim -n '__bindsim_takes right-root diff' -l right-root -x -a '(__fish_complete_directories)' -d 'The root of RIGHT'

# The command log
complete -c bindsim -n '__bindsim_takes process log verify' -l process -x -d 'Tell of this process only'

# The command order
complete -c bindsim -n '__bindsim_takes max-orders order' -l max-orders -x -d 'Try all orders if there are up to N'
complete -c bindsim -n '__bindsim_takes pairs order' -l pairs -x -a '(__bindsim_dlopen)' -d 'Open all pairs of the objects in a directory'

# The command verify
complete -c bindsim -n '__bindsim_takes log verify' -l log -r -F -d 'What the loader did stands in FILE'
complete -c bindsim -n '__bindsim_takes run verify' -l run -d 'Run the program under LD_DEBUG'
complete -c bindsim -n '__bindsim_takes argument verify' -l argument -x -d 'Run it with this argument'
complete -c bindsim -n '__bindsim_takes timeout verify' -l timeout -x -d 'End it after some seconds'
# The command record; what is to be recorded stands behind --
complete -c bindsim -n '__bindsim_takes children record' -l children -d 'Record the processes that the command forks, too'
complete -c bindsim -n 'contains -- record (commandline -opc); and contains -- -- (commandline -opc)' -x -a '(__bindsim_recorded)'
# The command scan
complete -c bindsim -n '__bindsim_takes libraries scan' -l libraries -d 'Scan shared objects, too'
complete -c bindsim -n '__bindsim_takes plugins scan' -l plugins -x -a '(__bindsim_dlopen)' -d 'Have each program open the objects of a directory'
complete -c bindsim -n '__bindsim_takes null scan' -s 0 -l null -d 'Read paths from standard input, with a NUL behind each'
complete -c bindsim -n '__bindsim_takes one-file-system scan' -l one-file-system -d 'Stay on the file system of each path'
complete -c bindsim -n '__bindsim_takes jobs scan' -s j -l jobs -x -d 'So many threads'
complete -c bindsim -n '__bindsim_takes memory scan' -l memory -x -d 'Let go of files when more MiB are in use'
complete -c bindsim -n '__bindsim_takes journal scan' -l journal -r -F -d 'Keep what is found, and go on from there'
complete -c bindsim -n '__bindsim_takes shard scan' -l shard -x -d 'Scan the Kth of N parts'
complete -c bindsim -n '__bindsim_takes merge scan' -l merge -d 'Make one scan of its parts'

# Which references
complete -c bindsim -n '__bindsim_takes symbol' -l symbol -x -d 'References to symbols of this name'
complete -c bindsim -n '__bindsim_takes from' -l from -r -F -d 'References that this object makes'
complete -c bindsim -n '__bindsim_takes to' -l to -r -F -d 'References that are bound to this object'
complete -c bindsim -n '__bindsim_takes pair' -l pair -x -d 'Explain the references between two objects'
complete -c bindsim -n '__bindsim_takes rule explain advise' -l rule -x -a 'captured-references unresolved-at-call healed when-matters ignored-deepbind two-versions loaded-twice captured-dependency type-identity unique-crosses definitions-differ interposer-bypassed object-split split-copy constructed-twice leaked-static-runtime mixed-unwinders embedded-and-needed embedded-copy isolated potential undeclared-dependency needs-global unused-needed version-crossed pinned search-path required-binding required-isolation required-export required-bind-now forbidden-duplicate unused-suppression expired-suppression order-dependent slot-patched' -d 'Explain a rule of the findings'
# What log, verify and diff say why by.
complete -c bindsim -n '__bindsim_takes rule explain' -l rule -x -a 'not-started undefined-symbol version-missing open-failed captured split-symbol not-found missing-object missing-step step-not-made other-outcome other-file other-search other-scope other-definer other-version other-order not-in-log not-in-simulation asks-other-version object-came object-went definition-gone definition-new definition-version loader deepbind global not-global referrer-rebuilt order step definer-rebuilt scope'

# The answer
complete -c bindsim -n '__bindsim_takes format' -l format -x -a '(__bindsim_format)' -d 'Format of the report'
complete -c bindsim -n '__bindsim_takes show' -l show -x -a '(__bindsim_parts)' -d 'Print these parts only'
complete -c bindsim -n '__bindsim_takes output' -s o -l output -r -F -d 'Write to FILE'
complete -c bindsim -n '__bindsim_takes report' -l report -x -a '(__bindsim_report)' -d 'Write one more report'
complete -c bindsim -n '__bindsim_takes library-db' -l library-db -x -a '(__bindsim_files "\.conf")' -d 'Know the libraries of a file'
complete -c bindsim -n '__bindsim_takes fail-on' -l fail-on -x -a 'error warning note none' -d 'Exit with 1 at a finding'
complete -c bindsim -n '__bindsim_takes proof' -l proof -x -a 'auto all none' -d 'Debug information as evidence'
complete -c bindsim -n '__bindsim_takes color' -l color -x -a 'auto always never' -d 'Use colours'
complete -c bindsim -n '__bindsim_takes verbose' -s v -l verbose -d 'Print what was assumed, too'
complete -c bindsim -n '__bindsim_takes quiet' -s q -l quiet -d 'Print no report'
complete -c bindsim -s h -l help -d 'Print a summary of the options'
complete -c bindsim -s V -l version -d 'Print the version'
