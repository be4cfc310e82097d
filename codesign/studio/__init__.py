"""The studio: design a robot by hand, with its score and its gait at once.

A local page, made with viser, that ``codesign studio`` serves. Each tab has a session of its own:
one thread does all that its user asks, in order; simulations, searches and trainings run in
processes, so that a crash of one costs a message, and the end of a tab ends them.

Bodies and their edits, without a page:

    spaces        the values that are offered: the UNIMAL grid, or finer steps
    words         words for nodes, hinges and operators
    facts         what a node of a body is like, in the terms of the page
    editing       a body and a change in, a new body out, or a sentence that says why not
    redirecting   limbs that point elsewhere
    growing       new limbs
    document      a design with its history
    memory        the designs of tabs that closed, for a reload

Work in processes:

    jobs          one function in a process, with messages both ways
    episode       one episode of a body
    walking       the gait and the score of the newest body
    improving     a short evolution around a design
    finetuning    the network of a design learns on
    uploads       robots that a tab opens
    files         what a tab saves and exports

The page:

    opening       what the studio is started with
    app           the server: who may connect, and a session for each tab
    session       what one tab works on
    actor         the thread of a session
    stage         robots that walk in the scene of a tab
    browser       what viser has no message for; page.js runs in the tab
    cards         pieces of the page as HTML
    controls      sliders and lists of the selected node
    work          the controls of work in the background
    evolution_panel, training_panel
                  what the tab "Improve" holds
    design_tab, gallery_tab, file_tab, view_tab
    browsing      the bodies of a run as lists
"""
