"""The studio: design a robot by hand, with its score and its gait at once.

A local page, made with viser, that ``codesign studio`` serves. Each tab has a session of its own:
one thread does all that its user asks, in order; simulations, searches and trainings run in
processes, so that a crash of one costs a message, and the end of a tab ends them.

Bodies and their edits, without a page:

    spaces        the values that are offered: the UNIMAL grid, or finer steps
    facts         what a part of a body is like, in the terms of the page
    editing       a body and a change in, a new body out, or a sentence that says why not
    redirecting   limbs that point elsewhere
    growing       new limbs
    document      a design with its history

Work in processes:

    jobs          one function in a process, with messages both ways
    episode       one episode of a body
    walking       the gait and the score of the newest body
    improving     a short evolution around a design
    finetuning    the network of a design learns on
    files         what a tab opens, saves and exports

The page:

    opening       what the studio is started with
    app           the server: who may connect, and a session for each tab
    session       what one tab works on
    actor         the thread of a session
    stage         robots that walk in the scene of a tab
    browser       what viser has no message for; page.js runs in the tab
    cards         pieces of the page as HTML
    controls      sliders and lists of the selected part
    design_tab, search_tab, file_tab, run_tab, view_tab
    browsing      the bodies of a run as lists
"""
